import { act, confirm, VCLUSTERS, expect, heading, row, rowNames, signIn, test } from "../harness.ts";

test("a virtual cluster that is made or deleted elsewhere comes and goes without a reload", async ({ page, server }) => {
  const api = await server.api();
  await signIn(page, server.admin);
  await expect(page.getByText("No virtual clusters yet.")).toBeVisible();
  await api.addVcluster("calm-otter");
  await expect(row(page, "calm-otter")).toContainText("Running");
  await api.delete(`${VCLUSTERS}/calm-otter`);
  await expect(row(page, "calm-otter")).toHaveCount(0);
  await expect(page.getByText("No virtual clusters yet.")).toBeVisible();
});

test("a row tells state, host and owner", async ({ page, server }) => {
  await (await server.api()).addVcluster("calm-otter");
  await signIn(page, server.admin);
  const it = row(page, "calm-otter");
  await expect(it).toContainText("Running");
  await expect(it).toContainText("loft-cluster");
  await expect(it).toContainText("admin");
});

test("a filter shows what matches, and is in the link", async ({ page, server }) => {
  const api = await server.api();
  await api.addVcluster("calm-otter");
  await api.addVcluster("brave-heron");
  await signIn(page, server.admin);
  await expect.poll(() => rowNames(page)).toHaveLength(2);
  await page.getByRole("searchbox", { name: "Filter virtual clusters" }).fill("otter");
  await expect.poll(() => rowNames(page)).toEqual(["calm-otter"]);
  await expect(page).toHaveURL(/\?q=otter$/);
  await page.reload();
  await expect.poll(() => rowNames(page)).toEqual(["calm-otter"]);
  await page.getByRole("searchbox", { name: "Filter virtual clusters" }).fill("nothing like it");
  await expect(page.getByText(/Nothing matches/)).toBeVisible();
  await page.getByRole("button", { name: "Clear filter" }).click();
  await expect.poll(() => rowNames(page)).toHaveLength(2);
});

test("a column is sorted both ways, and says which", async ({ page, server }) => {
  const api = await server.api();
  for (const name of ["brave-heron", "calm-otter", "able-newt"]) await api.addVcluster(name);
  await signIn(page, server.admin);
  const header = page.getByRole("columnheader", { name: "Name" });
  await expect(header).toHaveAttribute("aria-sort", "ascending");
  await expect.poll(() => rowNames(page)).toEqual(["able-newt", "brave-heron", "calm-otter"]);
  await header.getByRole("button").click();
  await expect(header).toHaveAttribute("aria-sort", "descending");
  await expect.poll(() => rowNames(page)).toEqual(["calm-otter", "brave-heron", "able-newt"]);
});

test("sleep and wake are one click in the row, and every window sees them", async ({ page, server, newPerson }) => {
  await (await server.api()).addVcluster("calm-otter");
  await signIn(page, server.admin);
  const other = await newPerson();
  await signIn(other, server.admin);
  await act(page, "Sleep", "calm-otter");
  for (const window of [page, other]) {
    await expect(row(window, "calm-otter")).toContainText("Sleeping");
    await expect(row(window, "calm-otter")).toContainText("put to sleep by admin");
  }
  await act(other, "Wake", "calm-otter");
  for (const window of [page, other]) await expect(row(window, "calm-otter")).toContainText("Running");
});

test("a virtual cluster is deleted after a question that names it", async ({ page, server }) => {
  await (await server.api()).addVcluster("calm-otter");
  await signIn(page, server.admin);
  await act(page, "Delete", "calm-otter");
  await expect(page.getByRole("button", { name: "Cancel" })).toBeFocused();
  await confirm(page, "Delete calm-otter?", "Cancel");
  await expect(row(page, "calm-otter")).toBeVisible();
  await act(page, "Delete", "calm-otter");
  await confirm(page, "Delete calm-otter?", "Delete virtual cluster");
  await expect(row(page, "calm-otter")).toHaveCount(0);
});

test("a made-again virtual cluster is a new and empty one", async ({ page, server, newShell }) => {
  const api = await server.api();
  const cluster = `--server=${server.secureUrl}/kubernetes/project/default/virtualcluster/calm-otter`;
  const kubectl = `kubectl ${cluster} --token=${api.key} --insecure-skip-tls-verify`;
  const shell = await newShell();
  await api.addVcluster("calm-otter");
  expect((await shell.run(`${kubectl} create configmap anchor`)).code).toBe(0);
  await signIn(page, server.admin);
  await expect(row(page, "calm-otter")).toContainText("Running");
  await api.delete(`${VCLUSTERS}/calm-otter`);
  await expect(row(page, "calm-otter")).toHaveCount(0);
  await api.addVcluster("calm-otter");
  await expect(row(page, "calm-otter")).toContainText("Running");
  expect((await shell.run(`${kubectl} get configmap anchor`)).stderr).toContain("NotFound");
});

test("an address that leads nowhere says so, and leads home", async ({ page, server }) => {
  await signIn(page, server.admin);
  await page.goto("/nowhere");
  await expect(heading(page, "Page not found")).toBeVisible();
  await page.getByRole("link", { name: "Go to virtual clusters" }).click();
  await expect(heading(page, "Virtual clusters")).toBeVisible();
});
