import { expect, openPage, row, signIn, test } from "../harness.ts";

test("the local cluster is there, and says how many of its virtual clusters are awake", async ({ page, server }) => {
  const api = await server.api();
  await api.addVcluster("calm-otter");
  await signIn(page, server.admin);
  await openPage(page, "Clusters");
  const local = row(page, "loft-cluster");
  await expect(local).toContainText("Online");
  await expect(local).toContainText("1, 1 awake");
  await expect(local).toContainText("Central gateway");
  await api.sleep("calm-otter");
  await expect(local).toContainText("1, 0 awake");
  await api.addVcluster("brave-heron");
  await expect(local).toContainText("2, 1 awake");
});

test("a developer sees the clusters that they may use", async ({ page, server }) => {
  const dana = await (await server.api()).addUser("dana");
  await signIn(page, dana);
  await openPage(page, "Clusters");
  await expect(row(page, "loft-cluster")).toBeVisible();
});
