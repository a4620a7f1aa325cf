// A terminal with an empty home folder: what is on the clipboard is run here as a person would.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Output {
  stdout: string;
  stderr: string;
  /** The exit code, or -1 if it had to be ended. */
  code: number;
}

/** How long a command may take, in milliseconds. */
const COMMAND_MS_MAX = 45_000;

export class Shell {
  private readonly running = new Set<Running>();

  private constructor(readonly home: string) {}

  static async open(): Promise<Shell> {
    return new Shell(await mkdtemp(join(tmpdir(), "dormer-home-")));
  }

  /** Runs `text` exactly as it is. */
  async run(text: string): Promise<Output> {
    const running = this.start(text);
    const late = setTimeout(() => running.end(), COMMAND_MS_MAX);
    await running.ended;
    clearTimeout(late);
    return running.output;
  }

  /** Starts `text` and does not wait for its end: `kubectl get … -w`. */
  start(text: string): Running {
    const running = new Running(text, this.home);
    this.running.add(running);
    void running.ended.then(() => this.running.delete(running));
    return running;
  }

  async close(): Promise<void> {
    for (const running of this.running) running.end();
    await rm(this.home, { recursive: true, force: true });
  }
}

/** A command that may still run. */
export class Running {
  readonly output: Output = { stdout: "", stderr: "", code: -1 };
  readonly ended: Promise<void>;
  private readonly child;

  constructor(text: string, home: string) {
    // A process group of its own, so that its end is the end of all that it started.
    this.child = spawn("bash", ["-c", text], {
      cwd: home,
      detached: true,
      env: { PATH: process.env.PATH, HOME: home, KUBECONFIG: join(home, "kubeconfig"), LANG: "C.UTF-8" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout.on("data", (chunk) => (this.output.stdout += chunk));
    this.child.stderr.on("data", (chunk) => (this.output.stderr += chunk));
    this.ended = once(this.child, "close").then(([code]) => {
      this.output.code = code ?? -1;
    });
  }

  end(): void {
    if (this.child.pid === undefined || this.child.exitCode !== null) return;
    try {
      process.kill(-this.child.pid, "SIGTERM");
    } catch {
      // It ended by itself in the meantime.
    }
  }
}
