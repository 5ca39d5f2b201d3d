import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, CDPSession, Locator, Page } from 'playwright-core';
import type { FrameSummary, HostApi, HostVariable, Screen } from './host/host-api.ts';

const PICTURES = join(import.meta.dirname, '../../data/screenshots/browser');

/** Lines that the host's own libraries write, whatever plugin they show. */
const OF_THE_LIBRARIES: readonly RegExp[] = [
  /^Monaco instance not loaded yet/, // @grafana/ui's CodeEditor, while it loads
  /\[DOM\] Password field is not contained in a form/, // Chromium, of any SecretInput outside of a form
];

type Methods = {
  [Name in keyof HostApi as HostApi[Name] extends (...a: never[]) => unknown ? Name : never]: HostApi[Name];
};

/** A tab with the host page, as tests work with it. */
export class HostDriver {
  readonly page: Page;
  private readonly said: string[] = [];
  private readonly debugger: CDPSession;

  private constructor(page: Page, session: CDPSession) {
    this.page = page;
    this.debugger = session;
  }

  static async open(browser: Browser, url: string): Promise<HostDriver> {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, timezoneId: 'UTC' });
    page.setDefaultTimeout(10_000);
    const driver = new HostDriver(page, await page.context().newCDPSession(page));
    page.on('console', (message) => {
      if (!['error', 'warning', 'assert'].includes(message.type())) return;
      if (!OF_THE_LIBRARIES.some((known) => known.test(message.text())))
        driver.said.push(`${message.type()}: ${message.text()} (${message.location().url})`);
    });
    page.on('pageerror', (error) => driver.said.push(`uncaught: ${error.stack ?? error.message}`));
    await page.goto(`${url}/d/browser`);
    await page.waitForFunction('window.weirHost?.ready === true');
    return driver;
  }

  /**
   * Errors and warnings of the page so far; reading forgets them. Answers of the backend that a test has provoked
   * are not among them, nor Grafana's own fonts, which come with its server alone. */
  complaints(): string[] {
    return this.said
      .splice(0)
      .filter((line) => !/Failed to load resource: .* 4\d\d .*\/(api|public\/fonts)\//.test(line));
  }

  async call<Name extends keyof Methods>(
    name: Name,
    ...parameters: Parameters<Methods[Name]>
  ): Promise<Awaited<ReturnType<Methods[Name]>>> {
    return (await this.page.evaluate(
      ([method, list]) =>
        (globalThis as unknown as { weirHost: Record<string, (...a: unknown[]) => unknown> }).weirHost[
          method
        ]!(...list),
      [name, parameters] as [string, unknown[]],
    )) as Awaited<ReturnType<Methods[Name]>>;
  }

  async show(screen: Screen): Promise<void> {
    await this.call('setVariables', []);
    await this.call('show', screen);
    await this.page.locator('main').waitFor();
  }

  async showQuery(query: object, more: Partial<Extract<Screen, { kind: 'query' }>> = {}): Promise<void> {
    await this.show({ kind: 'query', theme: 'dark', query, ...more });
    await this.byId('weir-query-editor').waitFor();
    if (more.run) await this.answered();
  }

  async setVariables(variables: readonly HostVariable[]): Promise<void> {
    await this.call('setVariables', variables);
  }

  byId(id: string): Locator {
    return this.page.getByTestId(id);
  }

  async query(): Promise<Record<string, unknown>> {
    return (await this.call('query')) as Record<string, unknown>;
  }

  /** Waits until the newest run has been answered, and gives its frames. Errors of the answer are thrown. */
  async answered(): Promise<readonly FrameSummary[]> {
    await this.page.waitForFunction('window.weirHost.answers() > 0 || window.weirHost.errors().length > 0');
    const errors = await this.call('errors');
    if (errors.length > 0) throw new Error(errors.join('\n'));
    return this.call('frames');
  }

  /** Runs the query with Grafana's button. */
  async run(): Promise<readonly FrameSummary[]> {
    await this.page.getByRole('button', { name: 'Run query' }).click();
    await this.page.waitForTimeout(20); // the run itself forgets the answer before
    return this.answered();
  }

  /** Waits until the frames are as they should be, and gives them; rejects with what they are. */
  async framesWhen(
    are: (frames: readonly FrameSummary[]) => boolean,
    ms = 10_000,
  ): Promise<readonly FrameSummary[]> {
    const end = Date.now() + ms;
    for (;;) {
      const frames = await this.call('frames');
      if (are(frames)) return frames;
      if (Date.now() > end)
        throw new Error(
          `${ms} ms passed; there are ${JSON.stringify([frames, await this.call('errors')]).slice(0, 3000)}`,
        );
      await this.page.waitForTimeout(50);
    }
  }

  async kind(label: string): Promise<void> {
    await this.page.getByRole('radio', { name: label, exact: true }).check({ force: true });
  }

  combobox(label: string): Locator {
    return this.page.getByRole('combobox', { name: label, exact: true });
  }

  /** Chooses in a combobox by its label, as somebody who types and clicks. */
  async choose(label: string, text: string): Promise<void> {
    await this.combobox(label).click();
    await this.page.getByRole('option').first().waitFor();
    await this.combobox(label).fill(text);
    const option = this.page.getByRole('option', { name: text }).first();
    await option.waitFor({ timeout: 3_000 }).catch(() => this.combobox(label).fill(text));
    await option.click();
  }

  /** The same by keyboard alone, from wherever the focus is. */
  async chooseByKeys(label: string, text: string): Promise<void> {
    const { keyboard } = this.page;
    await this.tabTo(this.combobox(label));
    await keyboard.press('ArrowDown');
    await this.page.getByRole('option').first().waitFor();
    const option = this.page.getByRole('option', { name: text }).first();
    // On a busy machine the box may still be putting its old text back while the first keys come: then as a person, once more.
    for (let attempt = 0; attempt < 5; attempt++) {
      await this.combobox(label).press('ControlOrMeta+a');
      await keyboard.type(text, { delay: 10 });
      const there = await option.waitFor({ timeout: 3_000 }).then(
        () => true,
        () => false,
      );
      if (there) break;
    }
    await option.waitFor();
    const id = await option.getAttribute('id');
    for (let i = 0; i < 20 && (await this.combobox(label).getAttribute('aria-activedescendant')) !== id; i++)
      await keyboard.press('ArrowDown');
    await keyboard.press('Enter');
  }

  /** A computed style. */
  styleOf(target: Locator, property: string): Promise<string> {
    return target.evaluate((element, name) => {
      const { ownerDocument } = element as unknown as ElementInPage;
      return ownerDocument.defaultView.getComputedStyle(element)[name] ?? '';
    }, property);
  }

  hasFocus(target: Locator): Promise<boolean> {
    return target.evaluate(
      (element) => element === (element as unknown as ElementInPage).ownerDocument.activeElement,
    );
  }

  /** Presses Tab until the element has the focus. */
  async tabTo(target: Locator): Promise<void> {
    for (let i = 0; i < 80; i++) {
      if (await this.hasFocus(target)) return;
      await this.page.keyboard.press('Tab');
    }
    throw new Error(`Tab does not reach ${String(target)}`);
  }

  /** Controls that assistive technology would meet without a name: as Chromium computes names. */
  async unnamedControls(): Promise<string[]> {
    const { nodes } = (await this.debugger.send('Accessibility.getFullAXTree')) as { nodes: AxNode[] };
    const named = new Set([
      'textbox',
      'searchbox',
      'combobox',
      'spinbutton',
      'switch',
      'checkbox',
      'radio',
      'button',
      'listbox',
      'slider',
    ]);
    const unnamed = nodes.filter(
      ({ ignored, role, name }) =>
        !ignored && named.has(role?.value ?? '') && (name?.value ?? '').trim() === '',
    );
    return Promise.all(
      unnamed.map(async ({ role, backendDOMNodeId }) => {
        const { outerHTML } = (await this.debugger.send('DOM.getOuterHTML', {
          backendNodeId: backendDOMNodeId!,
        })) as {
          outerHTML: string;
        };
        return `${role!.value}: ${outerHTML.slice(0, 200)}`;
      }),
    );
  }

  /** Clicks a node of the topology, which is drawn on a canvas: it is brought to the middle by the search. */
  async clickTopology(title: string): Promise<void> {
    const search = this.page.getByRole('searchbox');
    await search.fill(title);
    await search.press('Enter');
    await this.page.waitForTimeout(800); // it glides there
    const ground = (await this.page.locator('.weir-ground').boundingBox())!;
    await this.page.mouse.click(ground.x + ground.width / 2, ground.y + ground.height / 2);
  }

  async picture(name: string): Promise<void> {
    mkdirSync(PICTURES, { recursive: true });
    await this.page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
  }
}

/** What is used of the DOM, whose types the tests do without. */
interface ElementInPage {
  readonly ownerDocument: {
    readonly activeElement: unknown;
    readonly defaultView: { getComputedStyle(element: unknown): Record<string, string> };
  };
}

interface AxNode {
  readonly ignored: boolean;
  readonly role?: { readonly value: string };
  readonly name?: { readonly value: string };
  readonly backendDOMNodeId?: number;
}
