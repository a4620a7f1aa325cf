// The management API, to prepare what a test is not about.
import type { Person } from "./server.ts";

const MANAGEMENT = "/kubernetes/management/apis/management.loft.sh/v1";
/** The virtual clusters of the project that a first start makes. */
export const VCLUSTERS = "namespaces/loft-p-default/virtualclusterinstances";

export class Api {
  private constructor(
    private readonly url: string,
    readonly key: string,
  ) {}

  static async signIn(url: string, person: Person): Promise<Api> {
    const answer = await fetch(`${url}/auth/password/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(person),
    });
    const { accessKey } = (await answer.json()) as { accessKey?: string };
    if (!accessKey) throw new Error(`No sign-in for ${person.username}: ${answer.status}`);
    return new Api(url, accessKey);
  }

  /** Asks, and returns the status with the body, whatever they are. */
  async ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: any }> {
    const answer = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${this.key}`, "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.text();
    return { status: answer.status, body: text.startsWith("{") ? JSON.parse(text) : text };
  }

  /** Adds a person who can sign in at once. */
  async addUser(username: string, more: Record<string, unknown> = {}): Promise<Person> {
    const person = { username, password: `the password of ${username}` };
    const spec = { displayName: username, ...person, ...more };
    await this.create("users", { kind: "User", metadata: { name: username }, spec });
    return person;
  }

  /** Makes a virtual cluster and waits until it runs. */
  async addVcluster(name: string, spec: Record<string, unknown> = {}): Promise<void> {
    await this.create(VCLUSTERS, {
      kind: "VirtualClusterInstance",
      metadata: { name },
      spec: { displayName: name, ...spec },
    });
    await this.until(`${VCLUSTERS}/${name}`, (it) => it.status?.phase === "Ready");
  }

  /** Puts a virtual cluster to sleep as the page and the CLIs do, and waits until it sleeps. */
  async sleep(name: string): Promise<void> {
    const path = `${VCLUSTERS}/${name}`;
    await this.patch(path, { metadata: { annotations: { "sleepmode.loft.sh/force": "true" } } });
    await this.until(path, (it) => it.status?.phase === "Sleeping");
  }

  /** Reads an object of the management API. */
  async get(path: string): Promise<any> {
    const { status, body } = await this.ask("GET", `${MANAGEMENT}/${path}`);
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  /** Deletes an object of the management API. */
  async delete(path: string): Promise<void> {
    const { status, body } = await this.ask("DELETE", `${MANAGEMENT}/${path}`);
    if (status > 202) throw new Error(`DELETE ${path}: ${status} ${JSON.stringify(body)}`);
  }

  /** Creates an object of the management API. */
  async create(path: string, object: Record<string, unknown>): Promise<any> {
    const whole = { apiVersion: "management.loft.sh/v1", ...object };
    const { status, body } = await this.ask("POST", `${MANAGEMENT}/${path}`, whole);
    if (status !== 201) throw new Error(`POST ${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  /** Changes an object of the management API by a JSON merge patch. */
  async patch(path: string, change: unknown): Promise<any> {
    const answer = await fetch(`${this.url}${MANAGEMENT}/${path}`, {
      method: "PATCH",
      headers: {
        authorization: `Bearer ${this.key}`,
        "content-type": "application/merge-patch+json",
      },
      body: JSON.stringify(change),
    });
    if (!answer.ok) throw new Error(`PATCH ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  private async until(path: string, done: (object: any) => boolean): Promise<void> {
    const deadline = Date.now() + 20_000;
    for (;;) {
      const { body } = await this.ask("GET", `${MANAGEMENT}/${path}`);
      if (done(body)) return;
      if (Date.now() > deadline) throw new Error(`${path} is not there yet: ${JSON.stringify(body)}`);
      await new Promise((next) => setTimeout(next, 5));
    }
  }
}
