// What a person would only see in the developer tools: errors of the console, a page that fell
// over, a rule of the content security policy that was broken.
import type { BrowserContext } from "@playwright/test";

/** The page asks who is signed in, and the answer may be "nobody". */
const NOBODY_YET = /status of 401 .* at \S*\/(selves|auth\/session)$/;

export class Trouble {
  private readonly seen: string[] = [];
  private readonly allowed: RegExp[] = [NOBODY_YET];

  watch(context: BrowserContext): void {
    // The browser reports a broken content security policy as an error of the console too.
    context.on("console", (message) => {
      if (message.type() !== "error") return;
      this.seen.push(`${message.text()} at ${message.location().url}`);
    });
    context.on("weberror", (error) => this.seen.push(`page error: ${error.error().message}`));
  }

  /** Expects refusals, which the browser writes to the console: `trouble.allow(/status of 409/)`. */
  allow(...patterns: RegExp[]): void {
    this.allowed.push(...patterns);
  }

  check(): void {
    const unexpected = this.seen.filter((text) => !this.allowed.some((it) => it.test(text)));
    if (unexpected.length > 0) throw new Error(`The page was in trouble:\n${unexpected.join("\n")}`);
  }
}
