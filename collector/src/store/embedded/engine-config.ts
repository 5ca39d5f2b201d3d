import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { quoteIdentifier, quoteString } from '../clickhouse/identifiers.ts';

/** The engine role under which the queries of read-only users run: it may read tables, and nothing else. */
export const READER_ROLE = 'weir_reader';

const MIB = 1 << 20;

/**
 * Settings of the engine as a whole, which only its first connection can give. They bound its resident memory: the caches
 * of a server (many GiB by default) shrink to what a collector's queries need, and few threads merge in the background,
 * since each merge and each thread's allocator arena keeps memory of its own.
 */
export function serverSettings(memoryLimitBytes: number): Record<string, string | number> {
  return {
    max_server_memory_usage: memoryLimitBytes,
    // Refuse a query rather than have the kernel end the process; and give freed pages back soon.
    memory_worker_correct_memory_tracker: 1,
    mark_cache_size: 48 * MIB,
    index_mark_cache_size: 4 * MIB,
    uncompressed_cache_size: 0,
    index_uncompressed_cache_size: 0,
    primary_index_cache_size: 16 * MIB,
    query_condition_cache_size: 4 * MIB,
    mmap_cache_size: 64,
    compiled_expression_cache_size: 8 * MIB,
    compiled_expression_cache_elements_size: 1000,
    vector_similarity_index_cache_size: MIB,
    text_index_tokens_cache_size: MIB,
    text_index_header_cache_size: MIB,
    text_index_postings_cache_size: MIB,
    iceberg_metadata_files_cache_size: MIB,
    parquet_metadata_cache_size: MIB,
    background_pool_size: 2,
    background_merges_mutations_concurrency_ratio: 1,
    background_move_pool_size: 1,
    background_fetches_pool_size: 1,
    background_common_pool_size: 2,
    background_schedule_pool_size: 4,
    background_buffer_flush_schedule_pool_size: 1,
    background_message_broker_schedule_pool_size: 1,
    background_distributed_schedule_pool_size: 1,
    tables_loader_foreground_pool_size: 2,
    tables_loader_background_pool_size: 1,
    max_thread_pool_size: 1000,
    max_thread_pool_free_size: 8,
    max_io_thread_pool_size: 16,
    max_io_thread_pool_free_size: 0,
    max_format_parsing_thread_pool_size: 8,
    max_format_parsing_thread_pool_free_size: 0,
    max_prefixes_deserialization_thread_pool_size: 8,
    max_prefixes_deserialization_thread_pool_free_size: 0,
    max_active_parts_loading_thread_pool_size: 4,
    max_outdated_parts_loading_thread_pool_size: 2,
    max_parts_cleaning_thread_pool_size: 2,
    // A table is refused whose thresholds speak of more background threads than there are.
    'merge_tree.number_of_free_entries_in_pool_to_lower_max_size_of_merge': 1,
    'merge_tree.number_of_free_entries_in_pool_to_execute_mutation': 1,
    'merge_tree.number_of_free_entries_in_pool_to_execute_optimize_entire_partition': 1,
  };
}

/**
 * Settings of every connection. They put back what chdb, as clickhouse-local does, sets otherwise than a server, and bound
 * what one query may take so that the others and the writer have their share.
 */
export function connectionSettings(memoryLimitBytes: number): Record<string, string | number> {
  return {
    implicit_select: 0,
    allow_introspection_functions: 0,
    storage_file_read_method: 'pread_threadpool',
    output_format_pretty_color: '0', // a terminal that the collector runs in is no business of its HTTP clients
    max_memory_usage: Math.floor(memoryLimitBytes / 2),
    max_threads: 2,
    async_insert: 0, // an acknowledgement must mean «stored»
  };
}

/** Readers that see the rows of one tenant only. */
export interface TenantReaders {
  readonly database: string;
  /** Each gets a role of its own: {@link tenantRole}. */
  readonly tenants: readonly string[];
  /** Tables of the database with a column `tenant_id`: of these a tenant sees its own rows. */
  readonly tables: readonly string[];
  /** Tables without one, and views, that hold nothing of anyone: seen whole. Views read with the rights of who asks. */
  readonly shared: readonly string[];
}

export function tenantRole(index: number): string {
  return `weir_tenant_${index}`;
}

/**
 * System tables in which a tenant's reader would find others: their queries, their data's keys and sizes, their errors. The engine
 * asks for no right to read most of these, but row policies hold for them as for any table.
 */
export const SYSTEM_TABLES_OF_OTHERS = [
  'asynchronous_inserts',
  'background_schedule_pool',
  'backups',
  'data_skipping_indices',
  'detached_parts',
  'detached_tables',
  'dictionaries',
  'dimensional_metrics',
  'distribution_queue',
  'dropped_tables',
  'dropped_tables_parts',
  'errors',
  'merges',
  'moves',
  'mutations',
  'parts',
  'parts_columns',
  'processes',
  'projection_parts',
  'projection_parts_columns',
  'projections',
  'query_cache',
  'query_condition_cache',
  'settings_changes',
  'stack_trace',
  'user_processes',
  'view_refreshes',
  'warnings',
];

/**
 * Writes the engine's configuration: the roles of its only user. The collector's own connections have all rights; a connection
 * that has done `SET ROLE weir_reader` may read tables and has no right to any source outside the database (files, URLs, other
 * servers, executables); one under a tenant's role may read the tables named, and of them the tenant's rows.
 *
 * The engine has one user and takes row policies for users alone, from this file: so there is one policy for each table, and what
 * it lets through depends on the role that is taken. It is evaluated once a query, and before every other condition.
 *
 * @returns the path of the configuration file
 */
export async function writeEngineConfig(directory: string, readers?: TenantReaders): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const users = join(directory, 'users.xml');
  const config = join(directory, 'engine.xml');
  await writeFile(users, usersXml(readers), { mode: 0o600 });
  await writeFile(
    config,
    `<clickhouse>\n  <users_config>${escapeXml(users)}</users_config>\n</clickhouse>\n`,
    { mode: 0o600 },
  );
  return config;
}

function usersXml(readers: TenantReaders | undefined): string {
  const roles = readers === undefined ? [] : readers.tenants.map((_, i) => tenantRole(i));
  const role = (name: string, grants: readonly string[]): string =>
    `<${name}><grants>${grants.map((grant) => `<query>${escapeXml(grant)}</query>`).join('')}</grants></${name}>`;
  return `<clickhouse>
  <profiles><default></default></profiles>
  <quotas><default></default></quotas>
  <roles>
    ${role('weir_owner', ['GRANT ALL ON *.*'])}
    ${role(READER_ROLE, ['GRANT SELECT ON *.*', 'GRANT SHOW ON *.*', 'GRANT dictGet ON *.*'])}
    ${roles.map((name) => role(name, tenantGrants(readers!))).join('\n    ')}
  </roles>
  <users>
    <default>
      <password></password>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants>
        ${['weir_owner', READER_ROLE, ...roles].map((name) => `<query>GRANT ${name}</query>`).join('\n        ')}
      </grants>
      ${readers === undefined ? '' : policies(readers)}
    </default>
  </users>
</clickhouse>
`;
}

function tenantGrants({ database, tables, shared }: TenantReaders): string[] {
  return [...tables, ...shared].map(
    (table) => `GRANT SELECT ON ${quoteIdentifier(database)}.${quoteIdentifier(table)}`,
  );
}

/** Names of tables and databases stand in attributes: as names of elements some would not do. */
function policies({ database, tenants, tables }: TenantReaders): string {
  const has = (role: string): string => `has(currentRoles(), '${role}')`;
  const everyone = `${has('weir_owner')} OR ${has(READER_ROLE)}`;
  const own = [
    everyone,
    ...tenants.map((tenant, i) => `(${has(tenantRole(i))} AND tenant_id = ${quoteString(tenant)})`),
  ].join(' OR ');
  const table = (name: string, filter: string): string =>
    `<table name="${escapeXml(name)}"><filter>${escapeXml(filter)}</filter></table>`;
  return `<databases>
        <database name="${escapeXml(database)}">${tables.map((name) => table(name, own)).join('')}</database>
        <database name="system">${SYSTEM_TABLES_OF_OTHERS.map((name) => table(name, everyone)).join('')}</database>
      </databases>`;
}

function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
