import * as React from 'react';
import { css, cx } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Icon, Tooltip, useStyles2 } from '@grafana/ui';

/** Fields side by side, on a ground of their own. */
export function EditorRow({
  children,
  testId,
}: {
  children: React.ReactNode;
  testId?: string;
}): React.JSX.Element {
  return (
    <div className={useStyles2(styles).row} data-testid={testId}>
      {children}
    </div>
  );
}

export interface EditorFieldProps {
  readonly label: string;
  /** Of the control: the label names it. */
  readonly id: string;
  /** Whether the label is for one control; else it names a group. */
  readonly group?: boolean;
  readonly tooltip?: React.ReactNode;
  readonly error?: string | undefined;
  readonly warning?: string | undefined;
  /** Takes the room that is left. */
  readonly grow?: boolean;
  readonly width?: number;
  readonly children: React.ReactNode;
}

/** A label over a control, and under it what is wrong. */
export function EditorField(props: EditorFieldProps): React.JSX.Element {
  const { label, id, group = false, tooltip, error, warning, grow = false, width, children } = props;
  const style = useStyles2(styles);
  return (
    <div
      className={cx(style.field, grow && style.grow)}
      style={width === undefined ? undefined : { width }}
      data-testid={`weir-field-${id.slice(id.lastIndexOf('-') + 1)}`}
      {...(group ? { role: 'group', 'aria-labelledby': `${id}-label` } : {})}
    >
      {/* The button is beside the label, not in it: it is no part of the control's name, and a click on it does not go to the control. */}
      <div className={style.label}>
        {group ? (
          <span id={`${id}-label`}>{label}</span>
        ) : (
          <label id={`${id}-label`} htmlFor={id}>
            {label}
          </label>
        )}
        {tooltip !== undefined && (
          <Tooltip content={<>{tooltip}</>} placement="top" interactive>
            <button type="button" className={style.help} aria-label={`About ${label.toLowerCase()}`}>
              <Icon name="info-circle" size="sm" />
            </button>
          </Tooltip>
        )}
      </div>
      {children}
      {error !== undefined && (
        <div className={style.error} role="alert">
          {error}
        </div>
      )}
      {warning !== undefined && error === undefined && <div className={style.warning}>{warning}</div>}
    </div>
  );
}

/** What is seldom needed: closed, one line says what is set. */
export function OptionsSection(props: {
  readonly title: string;
  readonly summary: string;
  readonly children: React.ReactNode;
}): React.JSX.Element {
  const style = useStyles2(styles);
  const [isOpen, setOpen] = React.useState(false);
  const id = React.useId();
  return (
    <div className={style.section}>
      <button
        type="button"
        className={style.head}
        aria-expanded={isOpen}
        aria-controls={id}
        data-testid="weir-options"
        onClick={() => setOpen(!isOpen)}
      >
        <Icon name={isOpen ? 'angle-down' : 'angle-right'} />
        <span className={style.title}>{props.title}</span>
        {!isOpen && <span className={style.summary}>{props.summary}</span>}
      </button>
      {isOpen && (
        <div id={id} className={style.body}>
          {props.children}
        </div>
      )}
    </div>
  );
}

function styles(theme: GrafanaTheme2) {
  return {
    row: css({
      display: 'flex',
      flexWrap: 'wrap',
      gap: theme.spacing(1, 2),
      padding: theme.spacing(1),
      background: theme.colors.background!.secondary,
      borderRadius: theme.shape.radius.default,
    }),
    field: css({ minWidth: 96, maxWidth: '100%' }),
    grow: css({ flex: '1 1 320px' }),
    label: css({
      display: 'flex',
      alignItems: 'center',
      gap: 4,
      marginBottom: 2,
      fontSize: theme.typography.bodySmall.fontSize,
      fontWeight: theme.typography.fontWeightMedium,
      lineHeight: '20px',
      color: theme.colors.text!.primary,
    }),
    help: css({
      background: 'none',
      border: 0,
      padding: 0,
      lineHeight: 1,
      color: theme.colors.text!.secondary,
      '&:hover': { color: theme.colors.text!.primary },
    }),
    error: css({
      marginTop: 4,
      fontSize: theme.typography.bodySmall.fontSize,
      color: theme.colors.error.text,
    }),
    warning: css({
      marginTop: 4,
      fontSize: theme.typography.bodySmall.fontSize,
      color: theme.colors.warning.text,
    }),
    section: css({
      background: theme.colors.background!.secondary,
      borderRadius: theme.shape.radius.default,
    }),
    head: css({
      display: 'flex',
      alignItems: 'center',
      gap: 4,
      width: '100%',
      padding: theme.spacing(0.75, 1),
      background: 'none',
      border: 0,
      textAlign: 'left',
      color: theme.colors.text!.primary,
      '&:hover': { background: theme.colors.action!.hover },
    }),
    title: css({
      fontSize: theme.typography.bodySmall.fontSize,
      fontWeight: theme.typography.fontWeightMedium,
    }),
    summary: css({
      marginLeft: 8,
      overflow: 'hidden',
      textOverflow: 'ellipsis',
      whiteSpace: 'nowrap',
      fontSize: theme.typography.bodySmall.fontSize,
      color: theme.colors.text!.secondary,
    }),
    body: css({
      display: 'flex',
      flexWrap: 'wrap',
      gap: theme.spacing(1, 2),
      padding: theme.spacing(0, 1, 1),
    }),
  };
}
