import type { GrafanaTheme2 } from '@grafana/data';

export interface ThemeColours {
  readonly text: string;
  readonly faintText: string;
  readonly ground: string;
  /** Ground of what floats above panels. */
  readonly card: string;
  readonly field: string;
  readonly border: string;
  readonly weakBorder: string;
  readonly hover: string;
  readonly focus: string;
}

/** The theme's colours that the panels use. Its typings call whole groups optional that every theme has. */
export function coloursOf({ colors }: GrafanaTheme2): ThemeColours {
  return {
    text: colors.text!.primary!,
    faintText: colors.text!.secondary!,
    ground: colors.background!.primary!,
    card: colors.background!.elevated ?? colors.background!.primary!,
    field: colors.background!.secondary!,
    border: colors.border!.medium!,
    weakBorder: colors.border!.weak!,
    hover: colors.action!.hover!,
    focus: colors.primary.border,
  };
}
