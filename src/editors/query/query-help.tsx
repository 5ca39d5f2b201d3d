import * as React from 'react';
import { css } from '@emotion/css';
import type { GrafanaTheme2, QueryEditorHelpProps } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import type { WeirQuery } from '../../query/weir-query.ts';
import { examples, filterCheatSheet } from './examples.ts';

/** The cheat sheet: examples that become the query by a click, and the filter language in a page. */
export function QueryHelp({ onClickExample }: QueryEditorHelpProps<WeirQuery>): React.JSX.Element {
  const style = useStyles2(styles);
  return (
    <div data-testid="weir-help">
      <h2>Weir: ask your network</h2>
      <h3>Examples</h3>
      <ul className={style.list}>
        {examples.map(({ title, doc, query }) => (
          <li key={title}>
            <button
              type="button"
              className={style.example}
              onClick={() => onClickExample({ refId: 'A', ...query })}
            >
              <strong>{title}</strong>
              <span>{doc}</span>
              {query.filter !== undefined && <code>{query.filter}</code>}
            </button>
          </li>
        ))}
      </ul>
      <h3>Filters</h3>
      <table className={style.table}>
        <tbody>
          {filterCheatSheet.map(([text, doc]) => (
            <tr key={text}>
              <td>
                <button
                  type="button"
                  className={style.code}
                  onClick={() => onClickExample({ refId: 'A', kind: 'flows', filter: text })}
                >
                  <code>{text}</code>
                </button>
              </td>
              <td>{doc}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>
        Fields are offered while you write; Ctrl+Space asks for them. Texts with spaces stand in quotes. In
        lists of flows, + and − beside a value add a condition.
      </p>
    </div>
  );
}

function styles(theme: GrafanaTheme2) {
  return {
    list: css({
      display: 'grid',
      gridTemplateColumns: 'repeat(auto-fill, minmax(280px, 1fr))',
      gap: theme.spacing(1),
      listStyle: 'none',
      margin: theme.spacing(1, 0, 2),
    }),
    example: css({
      display: 'flex',
      flexDirection: 'column',
      gap: 2,
      width: '100%',
      height: '100%',
      padding: theme.spacing(1),
      textAlign: 'left',
      color: theme.colors.text!.primary,
      background: theme.colors.background!.secondary,
      border: `1px solid ${theme.colors.border!.weak}`,
      borderRadius: theme.shape.radius.default,
      '&:hover': { background: theme.colors.action!.hover },
      '& code': { whiteSpace: 'pre-wrap' },
    }),
    table: css({ '& td': { padding: theme.spacing(0.25, 2, 0.25, 0) } }),
    code: css({ background: 'none', border: 0, padding: 0, color: 'inherit' }),
  };
}
