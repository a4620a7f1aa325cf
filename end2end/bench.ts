// What the product costs and how fast it is: `make bench`. Figures only; nothing here can fail for
// being slow, because a machine that does something else at the time is slow.
import { readFile } from "node:fs/promises";
import { expect, test, VCLUSTERS, signIn, type Server } from "./harness.ts";
import { request } from "node:https";

/** How many virtual clusters the server holds for the figures that are about many. */
const MANY = 300;
/** How often the same is measured. The median is told. */
const TIMES = 5;

const figures: [what: string, figure: string][] = [];
const tell = (what: string, figure: string) => figures.push([what, figure]);

test.describe.configure({ mode: "serial" });
test.setTimeout(600_000);

test.afterAll(() => {
  const width = Math.max(...figures.map(([what]) => what.length));
  console.log(`\n${figures.map(([what, figure]) => `${what.padEnd(width)}  ${figure}`).join("\n")}\n`);
});

test("page", async ({ page, server, newPerson }) => {
  const cold: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    const visitor = await newPerson();
    const started = performance.now();
    await visitor.goto("/login");
    await visitor.getByRole("button", { name: "Sign in" }).waitFor();
    cold.push(performance.now() - started);
  }
  tell("page, new visitor, until one can sign in", ms(median(cold)));

  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  let bytes = 0;
  let requests = 0;
  session.on("Network.loadingFinished", (it) => {
    bytes += it.encodedDataLength;
    requests += 1;
  });
  await page.goto("/login");
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  tell("page, new visitor, over the wire", `${Math.round(bytes / 1024)} KiB in ${requests} requests`);

  await signIn(page, server.admin);
  const clicked = performance.now();
  await page.getByRole("button", { name: "New virtual cluster" }).click();
  await page.getByRole("button", { name: "Make a key" }).waitFor();
  tell("click on New virtual cluster until one can connect", ms(performance.now() - clicked));
});

test("server", async ({ server }) => {
  tell("server, memory when idle", await memory(server));
  const api = await server.api();

  const created: number[] = [];
  for (let i = 0; i < MANY; i++) {
    const started = performance.now();
    await api.addVcluster(`bench-${i}`);
    created.push(performance.now() - started);
  }
  tell("create until Ready, asked every 5 ms", ms(median(created)));

  const reach = (name: string) =>
    timed(() => get(`${server.secureUrl}/kubernetes/project/default/virtualcluster/${name}/api/v1/namespaces`, api.key));
  const awake: number[] = [];
  for (let time = 0; time < 200; time++) awake.push(await reach("bench-0"));
  tell("namespaces through the gateway, TLS, one at a time", ms(median(awake)));

  tell(`server, memory with ${MANY} awake`, await memory(server));
  for (let i = 0; i < MANY; i++) await api.sleep(`bench-${i}`);
  tell(`server, memory with ${MANY} asleep`, await memory(server));

  const woken: number[] = [];
  for (let i = 0; i < 50; i++) woken.push(await reach(`bench-${i}`));
  tell("wake, until the first request is answered", ms(median(woken)));

  const table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
  const path = `${server.url}/kubernetes/management/apis/management.loft.sh/v1/${VCLUSTERS}`;
  const listed: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    listed.push(
      await timed(async () => {
        const answer = await fetch(path, { headers: { authorization: `Bearer ${api.key}`, accept: table } });
        expect(((await answer.json()) as { rows: unknown[] }).rows).toHaveLength(MANY);
      }),
    );
  }
  tell(`list of ${MANY} as a Table`, ms(median(listed)));

  await server.stop();
  const started = timed(async () => {
    await server.start();
    await reach("bench-0");
  });
  tell(`start with ${MANY}, until the first request is answered`, ms(await started));
});

/** What of the server is in memory and its own: the kernel's word, so Linux only. */
async function memory(server: Server): Promise<string> {
  const status = await readFile(`/proc/${server.pid}/status`, "utf8").catch(() => "");
  const kib = /^RssAnon:\s+(\d+)/m.exec(status)?.[1];
  return kib ? `${(Number(kib) / 1024).toFixed(1)} MiB` : "not known on this system";
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** Over TLS with a certificate of the server's own, which `fetch` would refuse. */
function get(url: string, key: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { headers: { authorization: `Bearer ${key}` }, rejectUnauthorized: false };
    request(url, options, (answer) => {
      answer.resume();
      answer.on("end", () => {
        if (answer.statusCode === 200) resolve();
        else reject(new Error(`${url}: ${answer.statusCode}`));
      });
    })
      .on("error", reject)
      .end();
  });
}

function median(figures: number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function ms(figure: number): string {
  return `${figure.toFixed(1)} ms`;
}
