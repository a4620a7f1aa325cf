// The main job, from an invite to kubectl and back, as two people live it.
import { act, confirm, Api, copyKubectlCommands, expect, invite, newVcluster, row, signIn, test } from "../harness.ts";

const CRD = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: boats.example.com }
spec:
  group: example.com
  scope: Namespaced
  names: { plural: boats, singular: boat, kind: Boat }
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties: { spec: { type: object, properties: { oars: { type: integer } } } }
`;
const BOAT = `
apiVersion: example.com/v1
kind: Boat
metadata: { name: dinghy }
spec: { oars: 2 }
`;

test("a developer gets from an invite to kubectl, to sleep and back, and out again", async ({
  page,
  server,
  newPerson,
  newShell,
}) => {
  test.setTimeout(180_000);
  const dana = { username: "dana", password: "a boat with two oars" };
  const theirs = await newPerson();
  const shell = await newShell();
  let name = "";

  await test.step("the administrator signs in and invites a developer", async () => {
    await signIn(page, server.admin);
    const link = await invite(page, dana.username);
    await theirs.goto(link);
  });

  await test.step("the developer opens the link, sets a password, and is on an empty list", async () => {
    await theirs.getByLabel("New password").fill(dana.password);
    await theirs.getByRole("button", { name: "Set password and sign in" }).click();
    await expect(theirs.getByRole("heading", { name: "Virtual clusters", level: 1 })).toBeVisible();
    await expect(theirs.getByText("No virtual clusters yet.")).toBeVisible();
  });

  await test.step("one click makes a virtual cluster, and its row goes to Running without a reload", async () => {
    await theirs.evaluate(() => Object.assign(window, { sameDocument: true }));
    name = await newVcluster(theirs);
    const panel = theirs.getByRole("dialog", { name: `Connect to ${name}` });
    await expect(panel.getByText("Running", { exact: true })).toBeVisible();
    await expect(row(theirs, name)).toContainText("Running");
  });

  await test.step("the developer copies the kubectl commands with a new access key, and runs them", async () => {
    const output = await shell.run(await copyKubectlCommands(theirs));
    expect(output.code, output.stderr).toBe(0);
    const namespaces = output.stdout.match(/^\S+(?=\s+Active)/gm);
    expect(namespaces).toEqual(["default", "kube-node-lease", "kube-public", "kube-system"]);
  });

  await test.step("objects, a kind of their own and its objects come and go", async () => {
    const watch = shell.start("kubectl get cm -w");
    const script = `set -e
      kubectl create configmap anchor --from-literal=weight=10
      kubectl apply -f - <<<'${CRD}'
      kubectl wait --for=condition=Established crd/boats.example.com --timeout=20s
      kubectl apply -f - <<<'${BOAT}'
      kubectl get boats -o name
      kubectl delete boat dinghy
      kubectl delete crd boats.example.com`;
    const output = await shell.run(script);
    expect(output.code, output.stderr).toBe(0);
    expect(output.stdout).toContain("boat.example.com/dinghy\n");
    await expect.poll(() => watch.output.stdout).toContain("anchor");
    const gone = await shell.run("kubectl delete configmap anchor && kubectl get boats");
    // In other words where kubectl still has in mind that there were boats.
    expect(gone.stderr).toMatch(/doesn't have a resource type|could not find the requested resource/);
    watch.end();
  });

  await test.step("the developer puts it to sleep, and the row says so and why", async () => {
    await theirs.keyboard.press("Escape");
    await act(theirs, "Sleep", name);
    await expect(row(theirs, name)).toContainText("Sleeping");
    await expect(row(theirs, name)).toContainText("put to sleep by dana");
  });

  await test.step("kubectl wakes it and is answered, and the row says Running without a reload", async () => {
    const output = await shell.run("kubectl get ns");
    expect(output.code, output.stderr).toBe(0);
    expect(output.stdout).toContain("kube-system");
    await expect(row(theirs, name)).toContainText("Running");
    expect(await theirs.evaluate(() => "sameDocument" in window)).toBe(true);
  });

  await test.step("a second developer can neither see it nor reach it with their own key", async () => {
    const ben = await (await server.api()).addUser("ben");
    const his = await newPerson();
    await signIn(his, ben);
    await expect(his.getByText("No virtual clusters yet.")).toBeVisible();
    const path = `/kubernetes/project/default/virtualcluster/${name}/api/v1/namespaces`;
    const answer = await (await Api.signIn(server.url, ben)).ask("GET", path);
    expect(answer.status).toBe(404);
  });

  await test.step("the developer deletes it, and the command says clearly that it is gone", async () => {
    await act(theirs, "Delete", name);
    await confirm(theirs, `Delete ${name}?`, "Delete virtual cluster");
    await expect(row(theirs, name)).toHaveCount(0);
    const output = await shell.run("kubectl get ns");
    expect(output.code).not.toBe(0);
    expect(output.stderr).toContain(name);
    expect(output.stderr).toMatch(/not found|does not exist/);
  });
});
