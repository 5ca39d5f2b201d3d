import * as React from 'react';
import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Icon, useStyles2 } from '@grafana/ui';
import { type Choice, CompatCombobox } from './compat-combobox.tsx';
import { moved } from './moved.ts';

export interface OrderedPickerProps {
  readonly id: string;
  readonly label: string;
  readonly choices: readonly Choice[];
  readonly value: readonly string[];
  readonly onChange: (value: readonly string[]) => void;
  readonly placeholder: string;
  /** Stands between the chosen ones: → for stages. */
  readonly between?: string;
  /** False where the order says nothing: then there are no arrows. */
  readonly orderMatters?: boolean;
  readonly testId: string;
}

/** Several of a list, in an order that matters: each chosen one can be moved (its arrows, or Alt+← and Alt+→) and taken out. */
export function OrderedPicker(props: OrderedPickerProps): React.JSX.Element {
  const { id, label, choices, value, onChange, placeholder, between, orderMatters = true, testId } = props;
  const style = useStyles2(styles);
  const names = new Map(choices.map((choice) => [choice.value, choice.label]));
  const rest = choices.filter((choice) => !value.includes(choice.value));
  const move = (from: number, by: number): void => onChange(moved(value, from, by));
  const changed = React.useRef(false);
  const change = (next: readonly string[]): void => {
    changed.current = true;
    onChange(next);
  };
  React.useEffect(() => {
    // What had the focus is gone, a chip or the list as it was: who goes on by keyboard goes on from here.
    if (changed.current) document.getElementById(id)?.focus();
    changed.current = false;
  }, [id, value]);
  return (
    <div className={style.picker} data-testid={testId}>
      {value.length > 0 && (
        <ol className={style.chosen} aria-label={label}>
          {value.map((item, i) => {
            const name = names.get(item) ?? item;
            return (
              <li key={item} className={style.item}>
                {between !== undefined && i > 0 && <span className={style.between}>{between}</span>}
                <span className={style.chip}>
                  {orderMatters && i > 0 && (
                    <button
                      type="button"
                      className={style.button}
                      aria-label={`Move ${name} left`}
                      onClick={() => move(i, -1)}
                    >
                      <Icon name="angle-left" size="sm" />
                    </button>
                  )}
                  <span className={style.name}>{name}</span>
                  {orderMatters && i < value.length - 1 && (
                    <button
                      type="button"
                      className={style.button}
                      aria-label={`Move ${name} right`}
                      onClick={() => move(i, 1)}
                    >
                      <Icon name="angle-right" size="sm" />
                    </button>
                  )}
                  <button
                    type="button"
                    className={style.button}
                    aria-label={`Remove ${name}`}
                    onClick={() => change(value.filter((other) => other !== item))}
                    onKeyDown={(event) => {
                      if (
                        !orderMatters ||
                        !event.altKey ||
                        (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight')
                      )
                        return;
                      event.preventDefault();
                      move(i, event.key === 'ArrowLeft' ? -1 : 1);
                    }}
                  >
                    <Icon name="times" size="sm" />
                  </button>
                </span>
              </li>
            );
          })}
        </ol>
      )}
      <CompatCombobox
        key={value.join(' ')}
        id={id}
        label={label}
        choices={rest}
        value={null}
        onChange={(added) => change([...value, added])}
        placeholder={placeholder}
        width={22}
        testId={`${testId}-add`}
      />
    </div>
  );
}

function styles(theme: GrafanaTheme2) {
  return {
    picker: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(0.5, 1), alignItems: 'center' }),
    chosen: css({
      display: 'flex',
      flexWrap: 'wrap',
      gap: theme.spacing(0.5),
      listStyle: 'none',
      margin: 0,
      padding: 0,
    }),
    item: css({ display: 'flex', alignItems: 'center', gap: theme.spacing(0.5) }),
    between: css({ color: theme.colors.text!.secondary }),
    chip: css({
      display: 'inline-flex',
      alignItems: 'center',
      height: 28,
      padding: '0 4px',
      background: theme.colors.background!.primary,
      border: `1px solid ${theme.colors.border!.medium}`,
      borderRadius: theme.shape.radius.default,
    }),
    name: css({ padding: '0 4px', fontSize: theme.typography.bodySmall.fontSize, whiteSpace: 'nowrap' }),
    button: css({
      display: 'inline-flex',
      alignItems: 'center',
      padding: 2,
      background: 'none',
      border: 0,
      borderRadius: theme.shape.radius.default,
      color: theme.colors.text!.secondary,
      '&:hover': { color: theme.colors.text!.primary, background: theme.colors.action!.hover },
    }),
  };
}
