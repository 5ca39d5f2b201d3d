import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page, Response } from 'playwright-core';

/** One answer to a dashboard's queries. */
export interface QueryAnswer {
  readonly status: number;
  readonly refId: string;
  readonly kind: string;
  readonly error: string | undefined;
  readonly rows: number;
}

export interface Visit {
  readonly answers: readonly QueryAnswer[];
  /** Titles of panels that show an error. */
  readonly failing: readonly string[];
  /** Titles of panels that say that there is no data. */
  readonly empty: readonly string[];
  /** What went wrong in the page's own programs. */
  readonly faults: readonly string[];
}

interface Results {
  readonly results?: Record<
    string,
    { error?: string; frames?: { data?: { values?: unknown[][] } }[]; status?: number }
  >;
  readonly message?: string;
}

/** Opens a dashboard, unfolds its rows, scrolls through it so that every panel asks, and takes a picture of it whole. */
export async function visitDashboard(page: Page, url: string, picture: string): Promise<Visit> {
  const answers: QueryAnswer[] = [];
  const faults: string[] = [];
  const onResponse = async (response: Response): Promise<void> => {
    if (!response.url().includes('/api/ds/query')) return;
    try {
      const asked = JSON.parse(response.request().postData() ?? '{}') as {
        queries?: { refId: string; kind?: string }[];
      };
      const body = (await response.json()) as Results;
      for (const query of asked.queries ?? []) {
        const result = body.results?.[query.refId];
        answers.push({
          status: response.status(),
          refId: query.refId,
          kind: query.kind ?? '',
          error: result?.error ?? (result === undefined ? (body.message ?? 'no answer') : undefined),
          rows: (result?.frames ?? []).reduce((sum, f) => sum + (f.data?.values?.[0]?.length ?? 0), 0),
        });
      }
    } catch {
      // Cancelled: the page asked anew.
    }
  };
  const listener = (r: Response): void => void onResponse(r);
  const onFault = (error: Error): void => void faults.push(error.message);
  page.on('response', listener);
  page.on('pageerror', onFault);
  await page.goto(url, { waitUntil: 'domcontentloaded' });
  await page.waitForSelector('[data-testid^="data-testid Panel header"]', { timeout: 60_000 });
  await settled(page);
  for (const row of await page.$$('[data-testid^="dashboard-row-title"], button[aria-label="Expand row"]'))
    await row.click().catch(() => undefined);
  await scrollThrough(page);
  await settled(page);
  const failing = await titles(page, '[data-testid="data-testid Panel status error"]');
  const empty = await titles(page, '[data-testid="data-testid Panel data error message"], .panel-empty');
  mkdirSync(join(picture, '..'), { recursive: true });
  await wholePicture(page, picture);
  page.off('response', listener);
  page.off('pageerror', onFault);
  return { answers, failing, empty, faults };
}

/** Waits until nothing loads. */
async function settled(page: Page): Promise<void> {
  await page.waitForTimeout(1_500);
  await page
    // Text, since this file is not for the browser.
    .waitForFunction(
      `document.querySelectorAll('[aria-label="Panel loading bar"]').length === 0`,
      undefined,
      {
        timeout: 30_000,
      },
    )
    .catch(() => undefined);
  await page.waitForTimeout(500);
}

async function scrollThrough(page: Page): Promise<void> {
  const height = await page.evaluate<number>('document.documentElement.scrollHeight');
  for (let y = 0; y < height; y += 700) {
    await page.mouse.move(900, 500);
    await page.mouse.wheel(0, 700);
    await page.waitForTimeout(250);
  }
}

/** The page as high as its content: what is not in view is not drawn by Grafana. */
async function wholePicture(page: Page, path: string): Promise<void> {
  const size = page.viewportSize()!;
  const height = await page.evaluate<number>('document.documentElement.scrollHeight');
  await page.setViewportSize({ width: size.width, height: Math.min(6_000, Math.max(size.height, height)) });
  await page.evaluate('window.scrollTo(0, 0)');
  await settled(page);
  await page.screenshot({ path });
  await page.setViewportSize(size);
}

async function titles(page: Page, selector: string): Promise<string[]> {
  return page.$$eval(selector, (elements) =>
    elements.map((element) => {
      const panel = element.closest('section, [data-testid^="data-testid Panel header"]');
      return panel?.querySelector('h2, h6')?.textContent ?? panel?.getAttribute('data-testid') ?? 'a panel';
    }),
  );
}
