import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';

export function filterStyles(theme: GrafanaTheme2) {
  const text = {
    fontFamily: theme.typography.fontFamilyMonospace,
    fontSize: theme.typography.bodySmall.fontSize,
    lineHeight: '20px',
    letterSpacing: 0,
    fontVariantLigatures: 'none',
    padding: '5px 8px',
    margin: 0,
    border: '1px solid transparent',
    whiteSpace: 'pre-wrap',
    overflowWrap: 'anywhere',
    tabSize: 2,
    boxSizing: 'border-box',
    width: '100%',
  } as const;
  const { visualization } = theme;
  const colour = (name: string): string => visualization.getColorByName(name);
  const dark = theme.isDark;
  return {
    frame: css({
      position: 'relative',
      minHeight: 32,
      background: theme.components.input.background,
      border: `1px solid ${theme.components.input.borderColor}`,
      borderRadius: theme.shape.radius.default,
      '&:hover': { borderColor: theme.components.input.borderHover },
      '&:focus-within': {
        outline: `2px solid ${theme.colors.primary.main}`,
        outlineOffset: 1,
      },
    }),
    invalid: css({ borderColor: theme.colors.error.border }),
    layer: css({
      ...text,
      position: 'absolute',
      inset: 0,
      pointerEvents: 'none',
      color: theme.colors.text!.primary,
      overflow: 'hidden',
    }),
    input: css({
      ...text,
      display: 'block',
      position: 'relative',
      background: 'transparent',
      color: 'transparent',
      caretColor: theme.colors.text!.primary,
      resize: 'none',
      overflow: 'hidden',
      outline: 'none',
      '&::placeholder': { color: theme.colors.text!.disabled },
      '&::selection': { background: theme.colors.action!.selected, color: 'transparent' },
    }),
    looks: {
      plain: '',
      field: css({ color: colour(dark ? 'light-blue' : 'dark-blue') }),
      operator: css({ color: theme.colors.text!.secondary }),
      keyword: css({ color: colour(dark ? 'light-purple' : 'dark-purple') }),
      value: css({ color: theme.colors.text!.primary }),
      string: css({ color: colour(dark ? 'light-green' : 'dark-green') }),
      number: css({ color: colour(dark ? 'light-orange' : 'dark-orange') }),
      punctuation: css({ color: theme.colors.text!.secondary }),
      error: css({ color: theme.colors.error.text }),
      variable: css({ color: colour(dark ? 'light-yellow' : 'dark-yellow') }),
    },
    squiggles: {
      none: '',
      error: css({
        textDecoration: `underline wavy ${theme.colors.error.text}`,
        textDecorationSkipInk: 'none',
      }),
      warning: css({
        textDecoration: `underline wavy ${theme.colors.warning.text}`,
        textDecorationSkipInk: 'none',
      }),
    },
    findings: css({ listStyle: 'none', margin: '4px 0 0', fontSize: theme.typography.bodySmall.fontSize }),
    error: css({ color: theme.colors.error.text }),
    warning: css({ color: theme.colors.warning.text }),
    advice: css({ color: theme.colors.text!.secondary }),
    list: css({
      position: 'fixed',
      zIndex: theme.zIndex.portal,
      margin: 0,
      padding: 4,
      maxHeight: 280,
      overflowY: 'auto',
      listStyle: 'none',
      background: theme.colors.background!.elevated ?? theme.colors.background!.primary,
      border: `1px solid ${theme.colors.border!.weak}`,
      borderRadius: theme.shape.radius.default,
      boxShadow: theme.shadows.z3,
    }),
    option: css({
      display: 'flex',
      gap: 16,
      justifyContent: 'space-between',
      alignItems: 'baseline',
      padding: '3px 8px',
      cursor: 'pointer',
      borderRadius: theme.shape.radius.default,
      fontSize: theme.typography.bodySmall.fontSize,
      '&:hover': { background: theme.colors.action!.hover },
    }),
    active: css({ background: theme.colors.action!.selected }),
    label: css({ fontFamily: theme.typography.fontFamilyMonospace, whiteSpace: 'nowrap' }),
    doc: css({
      color: theme.colors.text!.secondary,
      textAlign: 'right',
      overflow: 'hidden',
      textOverflow: 'ellipsis',
      whiteSpace: 'nowrap',
    }),
  };
}
