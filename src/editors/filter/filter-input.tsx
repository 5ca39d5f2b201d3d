import * as React from 'react';
import { cx } from '@emotion/css';
import { Portal, useStyles2 } from '@grafana/ui';
import type { CompletionItem } from '@weir/core/filter';
import type { ValuesAnswer } from '@weir/core/query';
import { filterStyles } from './filter-styles.ts';
import { findingsIn } from './findings.ts';
import { segmentsOf } from './highlight.ts';
import { type Offers, accepted, ownOffers, withValues } from './offers.ts';

export interface FilterInputProps {
  readonly id: string;
  readonly value: string;
  /** When it is left, or by Enter. */
  readonly onChange: (value: string) => void;
  /** By Enter, after `onChange` where there is a change. */
  readonly onSubmit?: () => void;
  /** A field's values that begin with or contain the text. */
  readonly values: (field: string, typed: string) => Promise<ValuesAnswer['values']>;
  readonly variables: readonly string[];
  readonly placeholder?: string;
  readonly label?: string;
}

/**
 * The editor of the filter language: a text field with colours behind it and a list of offers under it. It is a combobox to assistive
 * technology: arrows choose, Enter or Tab takes, Escape closes, Ctrl+Space opens; Enter with nothing chosen runs the query, Shift+Enter
 * makes a new line.
 */
export function FilterInput(props: FilterInputProps): React.JSX.Element {
  const { id, value, onChange, onSubmit, values, variables, placeholder, label = 'Filter' } = props;
  const styles = useStyles2(filterStyles);
  const input = React.useRef<HTMLTextAreaElement>(null);
  const [text, setText] = React.useState(value);
  const [offers, setOffers] = React.useState<Offers>();
  const [active, setActive] = React.useState(-1);
  const asked = React.useRef(0);
  const placeCursor = React.useRef<number | undefined>(undefined);

  React.useEffect(() => setText(value), [value]);

  const findings = React.useMemo(() => findingsIn(text), [text]);
  const segments = React.useMemo(() => segmentsOf(text, findings), [text, findings]);
  const isOpen = offers !== undefined && offers.items.length > 0;

  React.useLayoutEffect(() => {
    const element = input.current;
    if (element === null) return;
    element.style.height = '0';
    element.style.height = `${Math.max(30, element.scrollHeight)}px`;
    if (placeCursor.current !== undefined) {
      element.setSelectionRange(placeCursor.current, placeCursor.current);
      placeCursor.current = undefined;
    }
  }, [text]);

  const close = (): void => {
    asked.current++;
    setOffers(undefined);
    setActive(-1);
  };

  const offer = (content: string, cursor: number, typing: boolean): void => {
    const own = ownOffers(content, cursor, variables);
    const turn = ++asked.current;
    const show = (shown: Offers): void => {
      // A word that is there as it is offered is done: the next Enter is not for it.
      const [first] = shown.items;
      const done = first?.label.toLowerCase() === shown.typed.toLowerCase() && shown.items.length === 1;
      setOffers(done ? undefined : shown);
      setActive(
        typing && shown.typed !== '' && first?.label.toLowerCase() !== shown.typed.toLowerCase() ? 0 : -1,
      );
    };
    show(own);
    const { ask } = own;
    if (ask === undefined || own.typed.startsWith('$')) return;
    setTimeout(
      () => {
        if (turn !== asked.current) return;
        values(ask, own.typed).then(
          (known) => {
            if (turn === asked.current) show(withValues(own, known));
          },
          () => undefined, // the language's own offers stay
        );
      },
      typing ? 150 : 0,
    );
  };

  const take = (item: CompletionItem): void => {
    if (offers === undefined) return;
    const next = accepted(text, offers, item);
    placeCursor.current = next.cursor;
    setText(next.text);
    input.current?.focus();
    offer(next.text, next.cursor, false);
  };

  const commit = (): void => {
    if (text !== value) onChange(text);
  };

  const onKeyDown = (event: React.KeyboardEvent<HTMLTextAreaElement>): void => {
    const { key } = event;
    if (key === ' ' && event.ctrlKey) {
      event.preventDefault();
      offer(text, event.currentTarget.selectionStart, false);
      return;
    }
    if (isOpen && (key === 'ArrowDown' || key === 'ArrowUp')) {
      event.preventDefault();
      const count = offers.items.length;
      setActive((now) => (key === 'ArrowDown' ? (now + 1) % count : now <= 0 ? count - 1 : now - 1));
      return;
    }
    if (isOpen && active >= 0 && (key === 'Enter' || key === 'Tab') && !event.shiftKey) {
      event.preventDefault();
      take(offers.items[active]!);
      return;
    }
    if (key === 'Escape' && isOpen) {
      event.preventDefault();
      event.stopPropagation();
      close();
      return;
    }
    if (key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      close();
      commit();
      onSubmit?.();
    }
  };

  const listId = `${id}-offers`;
  const findingsId = `${id}-findings`;
  const hasError = findings.some(({ severity }) => severity === 'error');
  return (
    <div data-testid="weir-filter">
      <div className={cx(styles.frame, hasError && styles.invalid)}>
        <div className={styles.layer} aria-hidden="true">
          {segments.map((segment, i) => (
            <span key={i} className={cx(styles.looks[segment.look], styles.squiggles[segment.squiggle])}>
              {segment.text}
            </span>
          ))}
        </div>
        <textarea
          ref={input}
          id={id}
          data-testid="weir-filter-input"
          className={styles.input}
          rows={1}
          role="combobox"
          aria-label={label}
          aria-autocomplete="list"
          aria-haspopup="listbox"
          aria-expanded={isOpen}
          aria-controls={listId}
          aria-activedescendant={isOpen && active >= 0 ? `${listId}-${active}` : undefined}
          aria-invalid={hasError}
          aria-describedby={findings.length > 0 ? findingsId : undefined}
          placeholder={placeholder}
          spellCheck={false}
          autoComplete="off"
          autoCapitalize="off"
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            offer(event.currentTarget.value, event.currentTarget.selectionStart, true);
          }}
          onFocus={(event) => {
            if (event.currentTarget.value === '') offer('', 0, false);
          }}
          onClick={(event) => offer(text, event.currentTarget.selectionStart, false)}
          onBlur={() => {
            close();
            commit();
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      {isOpen && (
        <OfferList
          id={listId}
          anchor={input.current}
          offers={offers}
          active={active}
          onTake={take}
          styles={styles}
        />
      )}
      {findings.length > 0 && (
        <ul className={styles.findings} id={findingsId} data-testid="weir-filter-findings" aria-live="polite">
          {findings.slice(0, 3).map((found, i) => (
            <li key={i}>
              <span className={found.severity === 'error' ? styles.error : styles.warning}>
                {found.message}
              </span>{' '}
              <span className={styles.advice}>{found.advice}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

interface OfferListProps {
  readonly id: string;
  readonly anchor: HTMLElement | null;
  readonly offers: Offers;
  readonly active: number;
  readonly onTake: (item: CompletionItem) => void;
  readonly styles: ReturnType<typeof filterStyles>;
}

function OfferList({ id, anchor, offers, active, onTake, styles }: OfferListProps): React.JSX.Element | null {
  const list = React.useRef<HTMLUListElement>(null);
  const [, moved] = React.useReducer((n: number) => n + 1, 0);

  React.useEffect(() => {
    // The list stands over the page: it goes where the field goes.
    window.addEventListener('scroll', moved, true);
    window.addEventListener('resize', moved);
    return () => {
      window.removeEventListener('scroll', moved, true);
      window.removeEventListener('resize', moved);
    };
  }, []);
  React.useEffect(() => {
    list.current?.children[active]?.scrollIntoView({ block: 'nearest' });
  }, [active]);

  if (anchor === null) return null;
  const box = anchor.getBoundingClientRect();
  const below = window.innerHeight - box.bottom > 200 || box.top < 200;
  const place = below ? { top: box.bottom + 4 } : { bottom: window.innerHeight - box.top + 4 };
  return (
    <Portal>
      <ul
        ref={list}
        id={id}
        className={styles.list}
        style={{ ...place, left: box.left, width: Math.max(320, Math.min(box.width, 640)) }}
        role="listbox"
        aria-label="Offers"
        data-testid="weir-filter-offers"
      >
        {offers.items.map((item, i) => (
          <li
            key={`${item.kind}-${item.label}`}
            id={`${id}-${i}`}
            role="option"
            aria-selected={i === active}
            className={cx(styles.option, i === active && styles.active)}
            onMouseDown={(event) => {
              event.preventDefault(); // the field keeps the focus
              onTake(item);
            }}
          >
            <span className={styles.label}>{item.label}</span>
            {item.doc !== undefined && <span className={styles.doc}>{item.doc}</span>}
          </li>
        ))}
      </ul>
    </Portal>
  );
}
