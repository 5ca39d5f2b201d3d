import * as React from 'react';
import { Combobox, Select } from '@grafana/ui';

export interface Choice {
  readonly value: string;
  readonly label: string;
  readonly description?: string;
  readonly group?: string;
}

export interface CompatComboboxProps {
  readonly id: string;
  readonly label: string;
  readonly choices: readonly Choice[];
  readonly value: string | null;
  readonly onChange: (value: string) => void;
  readonly placeholder?: string;
  /** In Grafana's units of 8 pixels. */
  readonly width?: number;
  readonly custom?: boolean;
  readonly testId?: string;
  readonly invalid?: boolean;
}

/** A list to choose one from, with search: `Combobox` where Grafana has it, else `Select`, which is to go. */
export function CompatCombobox(props: CompatComboboxProps): React.JSX.Element {
  const {
    id,
    label,
    choices,
    value,
    onChange,
    placeholder,
    width,
    custom = false,
    testId,
    invalid = false,
  } = props;
  // A value that is not among the choices, a variable say, is shown as it is.
  const shown =
    value === null || choices.some((c) => c.value === value)
      ? choices
      : [{ value, label: value }, ...choices];
  if (Combobox !== undefined) {
    return (
      <Combobox
        id={id}
        aria-labelledby={`${id}-label`}
        options={shown.map((choice) => ({ ...choice }))}
        value={value}
        onChange={(option: { value: string } | null) => {
          if (option !== null) onChange(option.value);
        }}
        createCustomValue={custom}
        invalid={invalid}
        {...(placeholder === undefined ? {} : { placeholder })}
        {...(width === undefined ? {} : { width })}
        {...(testId === undefined ? {} : { 'data-testid': testId })}
      />
    );
  }
  return (
    <div data-testid={testId}>
      <Select
        inputId={id}
        aria-label={label}
        options={shown.map((choice) => ({ ...choice }))}
        value={value}
        onChange={(option) => {
          if (option?.value !== undefined) onChange(option.value);
        }}
        allowCustomValue={custom}
        invalid={invalid}
        placeholder={placeholder ?? ''}
        {...(width === undefined ? {} : { width })}
      />
    </div>
  );
}
