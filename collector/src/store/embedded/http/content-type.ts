const BY_FORMAT: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:JSON|JSONStrings|JSONColumns.*|JSONCompact|JSONCompactStrings|JSONObjectEachRow|JSONCompactColumns)$/i,
    'application/json; charset=UTF-8',
  ],
  [/^(?:JSON.*EachRow.*|NDJSON|JSONLines)$/i, 'application/x-ndjson; charset=UTF-8'],
  [/^(?:TSV|TabSeparated)(?!Raw)/i, 'text/tab-separated-values; charset=UTF-8'],
  [/^(?:TSV|TabSeparated)Raw/i, 'text/tab-separated-values; charset=UTF-8'],
  [/^CSV$/i, 'text/csv; charset=UTF-8; header=absent'],
  [/^CSVWithNames/i, 'text/csv; charset=UTF-8; header=present'],
  [/^XML$/i, 'application/xml; charset=UTF-8'],
  [/^Markdown$/i, 'text/markdown; charset=UTF-8'],
  [
    /^(?:RowBinary.*|Native|Arrow|ArrowStream|Parquet|ORC|Avro|MsgPack|BSONEachRow|CapnProto|Npy|Protobuf.*|RawBLOB)$/i,
    'application/octet-stream',
  ],
];

/** The Content-Type of a result in one of ClickHouse's formats. */
export function contentType(format: string): string {
  return BY_FORMAT.find(([pattern]) => pattern.test(format))?.[1] ?? 'text/plain; charset=UTF-8';
}
