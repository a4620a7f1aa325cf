// What axe finds on a page, one line a finding, so that a failure can be read.
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

/** WCAG 2.2, levels A and AA, and what axe itself calls best practice. */
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export async function findings(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
  return violations.flatMap((it) =>
    it.nodes.map((node) => `${it.id}: ${it.help}: ${node.html.slice(0, 160)} (${node.any[0]?.message ?? ""})`),
  );
}
