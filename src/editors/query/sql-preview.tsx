import * as React from 'react';
import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Alert, Button, ClipboardButton, useStyles2 } from '@grafana/ui';
import type { QueryRange, SqlPreviewAnswer } from '@weir/core/query';
import type { WeirDataSource } from '../../datasource.ts';
import type { WeirQuery } from '../../query/weir-query.ts';
import { resourceErrorText } from '../../resources/resources.ts';

export interface SqlPreviewProps {
  readonly dataSource: WeirDataSource;
  readonly query: WeirQuery;
  readonly range: QueryRange;
}

/** What ClickHouse would be asked, when somebody wants to know. */
export function SqlPreview({ dataSource, query, range }: SqlPreviewProps): React.JSX.Element {
  const style = useStyles2(styles);
  const [isOpen, setOpen] = React.useState(false);
  const [answer, setAnswer] = React.useState<SqlPreviewAnswer | { readonly error: string }>();
  const asked = JSON.stringify(query);

  React.useEffect(() => {
    if (!isOpen) return undefined;
    let wanted = true;
    const interpolated = dataSource.applyTemplateVariables(JSON.parse(asked) as WeirQuery, {});
    dataSource.resources.sql(interpolated, range).then(
      (sql) => wanted && setAnswer(sql),
      (error: unknown) => wanted && setAnswer({ error: resourceErrorText(error) }),
    );
    return () => {
      wanted = false;
    };
    // The range moves all the time: a preview is of the moment it was asked for.
  }, [isOpen, asked, dataSource]);

  return (
    <div>
      <Button
        size="sm"
        variant="secondary"
        fill="text"
        icon={isOpen ? 'angle-down' : 'angle-right'}
        aria-expanded={isOpen}
        data-testid="weir-sql-preview"
        onClick={() => setOpen(!isOpen)}
      >
        SQL sent
      </Button>
      {isOpen && answer !== undefined && 'error' in answer && (
        <Alert severity="error" title="There is no SQL for this">
          {answer.error}
        </Alert>
      )}
      {isOpen && answer !== undefined && 'sql' in answer && (
        <div className={style.box}>
          <div className={style.head}>
            <span>
              Read from <code>{answer.table}</code>
            </span>
            <ClipboardButton size="sm" variant="secondary" icon="copy" getText={() => answer.sql}>
              Copy
            </ClipboardButton>
          </div>
          <pre className={style.sql} tabIndex={0} aria-label="SQL" data-testid="weir-sql-text">
            {answer.sql}
          </pre>
          {!answer.sql.startsWith('--') && Object.keys(answer.parameters).length > 0 && (
            <dl className={style.parameters}>
              {Object.entries(answer.parameters).map(([name, value]) => (
                <React.Fragment key={name}>
                  <dt>{name}</dt>
                  <dd>{JSON.stringify(value)}</dd>
                </React.Fragment>
              ))}
            </dl>
          )}
          {answer.notices.map((notice) => (
            <div key={notice} className={style.notice}>
              {notice}
            </div>
          ))}
        </div>
      )}
    </div>
  );
}

function styles(theme: GrafanaTheme2) {
  const small = theme.typography.bodySmall.fontSize;
  return {
    box: css({
      background: theme.colors.background!.secondary,
      borderRadius: theme.shape.radius.default,
      padding: theme.spacing(1),
    }),
    head: css({ display: 'flex', justifyContent: 'space-between', alignItems: 'center', fontSize: small }),
    sql: css({ maxHeight: 320, overflow: 'auto', margin: theme.spacing(1, 0), fontSize: small }),
    parameters: css({
      display: 'grid',
      gridTemplateColumns: 'max-content 1fr',
      gap: theme.spacing(0, 2),
      margin: 0,
      fontFamily: theme.typography.fontFamilyMonospace,
      fontSize: small,
      '& dt': { fontWeight: theme.typography.fontWeightRegular, color: theme.colors.text!.secondary },
      '& dd': { margin: 0, overflowWrap: 'anywhere' },
    }),
    notice: css({ marginTop: 4, fontSize: small, color: theme.colors.text!.secondary }),
  };
}
