import * as React from 'react';
import { Input } from '@grafana/ui';

export interface NumberInputProps {
  readonly id: string;
  readonly value: number;
  readonly onChange: (value: number) => void;
  readonly min?: number;
  readonly max?: number;
  readonly width?: number;
  readonly suffix?: string;
  readonly placeholder?: string;
  readonly invalid?: boolean;
  /** Zero is shown as an empty field with the placeholder. */
  readonly zeroIsEmpty?: boolean;
}

/** A number, taken when the field is left or by Enter. */
export function NumberInput(props: NumberInputProps): React.JSX.Element {
  const {
    id,
    value,
    onChange,
    min,
    max,
    width = 12,
    suffix,
    placeholder,
    invalid = false,
    zeroIsEmpty = false,
  } = props;
  const shown = zeroIsEmpty && value === 0 ? '' : String(value);
  const [text, setText] = React.useState(shown);
  React.useEffect(() => setText(shown), [shown]);
  const commit = (): void => {
    const next = text.trim() === '' ? (zeroIsEmpty ? 0 : Number.NaN) : Number(text);
    if (!Number.isFinite(next)) setText(shown);
    else if (next !== value) onChange(next);
  };
  return (
    <Input
      id={id}
      data-testid={`weir-${id.slice(id.lastIndexOf('-') + 1)}`}
      type="number"
      width={width}
      value={text}
      invalid={invalid}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === 'Enter') commit();
      }}
      {...(min === undefined ? {} : { min })}
      {...(max === undefined ? {} : { max })}
      {...(suffix === undefined ? {} : { suffix })}
      {...(placeholder === undefined ? {} : { placeholder })}
    />
  );
}
