// A region of its own on this machine: `dormer agent --embedded`.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BINARY } from "./server.ts";

/** How long an agent may take to end, in milliseconds. */
const STOP_MS_MAX = 15_000;

export class Agent {
  /** What it said on both streams. */
  log = "";
  private process: ChildProcess | undefined;

  private constructor(
    private readonly folder: string,
    /** Where its direct endpoint listens. */
    readonly endpoint: string,
  ) {}

  /** Makes the place for an agent; `run` starts it. */
  static async prepare(): Promise<Agent> {
    return new Agent(await mkdtemp(join(tmpdir(), "dormer-agent-")), `127.0.0.1:${await freePort()}`);
  }

  /** Runs a command line as the wizard shows it, with what makes it an agent for a test. */
  run(command: string): void {
    const more = `--embedded --data ${join(this.folder, "data")} --listen ${this.endpoint}`;
    const text = command.trim().replace(/^dormer /, `exec ${BINARY} `);
    const child = spawn("bash", ["-c", `${text} ${more}`], {
      env: { PATH: process.env.PATH, HOME: this.folder, NO_COLOR: "1", RUST_BACKTRACE: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.on("data", (chunk) => (this.log += chunk));
    child.stderr.on("data", (chunk) => (this.log += chunk));
    this.process = child;
  }

  /** Stops it as an administrator would. */
  async stop(): Promise<void> {
    const child = this.process;
    this.process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
    await once(child, "exit");
    clearTimeout(late);
  }

  /** Stops it and removes its data. */
  async close(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
    if (this.log.includes("panicked at")) throw new Error(`The agent panicked.\n${this.log}`);
  }
}

/** A port that nobody listens at. Another program could take it before the agent does. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
