// One Dormer server with data of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Api } from "./api.ts";

/** Who signs in. */
export interface Person {
  username: string;
  password: string;
}

export const BINARY =
  process.env.DORMER_BINARY ??
  fileURLToPath(new URL("../../target/debug/dormer", import.meta.url));

/** How long a start and a stop may take, in milliseconds. */
const START_MS_MAX = 20_000;
const STOP_MS_MAX = 15_000;

export class Server {
  readonly admin: Person = { username: "admin", password: "correct horse battery staple" };
  /** What the page is opened by: plain HTTP, which is answered on loopback. */
  url = "";
  /** What it said on both streams, over all its starts. */
  log = "";
  private process: ChildProcess | undefined;
  private client: Promise<Api> | undefined;

  private constructor(
    private readonly folder: string,
    private readonly env: Record<string, string>,
  ) {}

  /** Starts a server with empty data on a free port. `env` sets more of its variables. */
  static async start(env: Record<string, string> = {}): Promise<Server> {
    const server = new Server(await mkdtemp(join(tmpdir(), "dormer-")), env);
    await writeFile(join(server.folder, "password"), server.admin.password, { mode: 0o600 });
    await server.run("127.0.0.1:0");
    return server;
  }

  /** The number of its port. */
  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** The number of its process. */
  get pid(): number | undefined {
    return this.process?.pid;
  }

  /** What the command line tools are given. */
  get secureUrl(): string {
    return this.url.replace("http:", "https:");
  }

  /** The administrator's way in without a page, to prepare what a test needs. */
  async api(): Promise<Api> {
    this.client ??= Api.signIn(this.url, this.admin);
    return this.client;
  }

  /** Stops it as an administrator would. It has to end by itself, in time and with code 0. */
  async stop(): Promise<void> {
    const process = this.process;
    if (!process) return;
    this.process = undefined;
    const ended = () => process.exitCode !== null || process.signalCode !== null;
    if (ended()) throw new Error(`The server ended before it was told to.\n${this.tail()}`);
    process.kill("SIGTERM");
    const late = setTimeout(() => process.kill("SIGKILL"), STOP_MS_MAX);
    if (!ended()) await once(process, "exit");
    clearTimeout(late);
    const { exitCode, signalCode } = process;
    if (exitCode !== 0) throw new Error(`The server ended with ${signalCode ?? exitCode}.\n${this.tail()}`);
  }

  /** Starts it again on the same port with the same data. */
  async start(): Promise<void> {
    await this.run(`127.0.0.1:${this.port}`);
  }

  /** Stops it and removes its data. */
  async close(): Promise<void> {
    try {
      await this.stop();
      if (this.log.includes("panicked at")) throw new Error(`The server panicked.\n${this.tail()}`);
    } finally {
      await rm(this.folder, { recursive: true, force: true });
    }
  }

  private async run(listen: string): Promise<void> {
    const child = spawn(BINARY, ["serve", "--listen", listen, "--data", join(this.folder, "data")], {
      env: {
        PATH: process.env.PATH,
        HOME: this.folder,
        NO_COLOR: "1",
        RUST_BACKTRACE: "1",
        DORMER_ADMIN_PASSWORD_FILE: join(this.folder, "password"),
        ...this.env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.process = child;
    const before = this.log.length;
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string) => {
        child.kill("SIGKILL");
        reject(new Error(`${why}\n${this.tail()}`));
      };
      const late = setTimeout(() => fail("The server did not say where it listens."), START_MS_MAX);
      const hear = (chunk: Buffer) => {
        this.log += chunk;
        const said = /Open\s.*?(http:\/\/localhost:\d+)/.exec(this.log.slice(before));
        if (!said?.[1]) return;
        this.url = said[1];
        clearTimeout(late);
        resolve();
      };
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
      child.on("error", (error) => fail(`${BINARY} cannot be run: ${error.message}`));
      child.on("exit", (code) => fail(`The server ended with ${code}.`));
    });
  }

  private tail(): string {
    return this.log.split("\n").slice(-30).join("\n");
  }
}
