import { afterEach, describe, expect, test } from '@jest/globals';
import { lossReasons, zeroCounts } from '../ledger/reasons.ts';
import { NOW_MS, healthyReport } from '../ledger/testing/reports.ts';
import { type Api, type ApiOptions, createApi } from './server.ts';
import type { ApiSources } from './sources.ts';
import { healthyCounts, healthySources } from './testing/sources.ts';

let api: Api | undefined;
afterEach(async () => {
  await api?.close();
  api = undefined;
});

function serve(sources: ApiSources, options: ApiOptions = {}): Api {
  api = createApi(sources, { now: () => NOW_MS, ...options });
  return api;
}

async function get(of: Api, url: string) {
  return of.server.inject({ method: 'GET', url });
}

/** Lines of /metrics, without those of the process itself. */
async function metrics(of: Api): Promise<string[]> {
  const { body } = await get(of, '/metrics');
  return body.split('\n').filter((line) => line.startsWith('weir_'));
}

describe('/health', () => {
  test('is 200 while it is well or degraded, 503 when it is failing', async () => {
    expect((await get(serve(healthySources({ store: { connected: false } })), '/health')).statusCode).toBe(
      200,
    );
    await api?.close();
    const failing = await get(serve(healthySources({ store: { spoolBytes: 2 ** 30 } })), '/health');
    expect(failing.statusCode).toBe(503);
    expect(failing.json()).toMatchObject({ status: 'failing', reasons: [{ code: 'spool_full' }] });
  });
});

describe('/metrics', () => {
  test('tells what the reports say', async () => {
    const lost = { ...zeroCounts(lossReasons), sequence_gap: 60 };
    const report = healthyReport(
      { unused: [{ pen: 9, id: 12345, name: 'cisco:something', records: 7 }] },
      { recordsLost: lost },
    );
    const served = serve(healthySources({ exporters: [report] }));
    served.observeInsert(0.2);
    const lines = await metrics(served);
    for (const line of [
      'weir_build_info{version="1.2.3"} 1',
      'weir_listener_kernel_drops_total{listener="0.0.0.0:2055"} 7',
      'weir_listener_receive_buffer_got_bytes{listener="0.0.0.0:2055"} 4194304',
      'weir_receiver_up 1',
      'weir_receiver_utilization_ratio 0.25',
      'weir_store_connected 1',
      'weir_store_spool_bytes 4096',
      'weir_store_lag_seconds 3',
      'weir_store_inserted_rows_total 20000',
      'weir_store_insert_duration_seconds_bucket{le="0.25"} 1',
      'weir_store_insert_duration_seconds_count 1',
      'weir_exporters{severity="warning"} 1',
      'weir_exporter_info{exporter="192.0.2.1",name="core-1",tenant="default",versions="9"} 1',
      'weir_exporter_flows_total{exporter="192.0.2.1"} 20000',
      'weir_exporter_received_bytes_total{exporter="192.0.2.1"} 1400000',
      'weir_exporter_lost_records_total{exporter="192.0.2.1",reason="sequence_gap"} 60',
      'weir_exporter_lost_records_total{exporter="192.0.2.1",reason="store"} 0',
      'weir_exporter_template_age_seconds{exporter="192.0.2.1"} 40',
      'weir_exporter_clock_offset_seconds{exporter="192.0.2.1"} -0.3',
      'weir_exporter_ledger_imbalance_records{exporter="192.0.2.1"} 0',
      'weir_unused_element_records_total{element="cisco:something",pen="9",id="12345"} 7',
    ])
      expect(lines).toContain(line);
    expect(lines.filter((line) => line.startsWith('weir_exporter_refused_datagrams_total'))).toEqual([]);
  });

  test('tells what detection does', async () => {
    const counts = healthyCounts();
    const lines = await metrics(
      serve(
        healthySources({
          detection: {
            flowsPassedOver: 9,
            counts: { ...counts, engine: { ...counts.engine, faults: { beaconing: 2 } } },
          },
        }),
      ),
    );
    for (const line of [
      'weir_detection_up 1',
      'weir_detection_closed_windows_total 40',
      'weir_detection_records_total 20000',
      'weir_detection_folded_records_total{kind="source"} 5',
      'weir_detection_passed_over_flows_total 9',
      'weir_detection_findings_total{type="port_scan_vertical"} 3',
      'weir_detection_faults_total{detector="beaconing"} 2',
      'weir_detection_open_anomalies 2',
      'weir_detection_silenced_anomalies 1',
      'weir_detection_excluded_findings_total{filter="port = 22"} 1',
      'weir_detection_out_of_scope_findings_total 4',
      'weir_detection_learning_entities 40',
      'weir_detection_delay_seconds 0.4',
      'weir_store_inserted_window_rows_total 9000',
      'weir_store_refused_window_rows_total 12',
    ])
      expect(lines).toContain(line);
  });

  test('says nothing of detection where it is off, and not of what is not known yet', async () => {
    const off = await metrics(serve(healthySources({ detection: null })));
    expect(off.filter((line) => /^weir_detection_(up|open|delay|window)/.test(line))).toEqual([]);
    const young = await metrics(serve(healthySources({ detection: { counts: undefined } })));
    expect(young).toContain('weir_detection_up 1');
    expect(young.filter((line) => line.startsWith('weir_detection_delay'))).toEqual([]);
  });

  test('has the process’s CPU, memory and event loop', async () => {
    const { body } = await get(serve(healthySources()), '/metrics');
    for (const name of [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'nodejs_eventloop_lag_p99_seconds',
    ])
      expect(body).toContain(`\n${name} `);
  });

  test('every name has a help text and a unit, and is of one type', async () => {
    const { body } = await get(serve(healthySources({ exporters: [healthyReport()] })), '/metrics');
    const types = [...body.matchAll(/^# TYPE (weir_\S+) (\S+)$/gm)].map(([, name, type]) => ({
      name: name!,
      type: type!,
    }));
    expect(types.length).toBeGreaterThan(40);
    for (const { name, type } of types) {
      expect(body).toMatch(new RegExp(`^# HELP ${name} \\S.*\\.$`, 'm'));
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
    }
  });

  test('counters do not fall when what was thought lost comes late', async () => {
    let gaps = 10;
    const sources = {
      ...healthySources(),
      exporters: () => [
        healthyReport({}, { recordsLost: { ...zeroCounts(lossReasons), sequence_gap: gaps } }),
      ],
    };
    const served = serve(sources);
    const line = (n: number): string =>
      `weir_exporter_lost_records_total{exporter="192.0.2.1",reason="sequence_gap"} ${n}`;
    expect(await metrics(served)).toContain(line(10));
    gaps = 4;
    expect(await metrics(served)).toContain(line(10));
    gaps = 12;
    expect(await metrics(served)).toContain(line(12));
  });

  test('exporters beyond the bound, and those that never sent a flow, are summed up', async () => {
    const exporters = [
      healthyReport({ address: '198.51.100.9' }, { flows: 0 }),
      healthyReport({ address: '192.0.2.1' }),
      healthyReport({ address: '192.0.2.2' }),
      healthyReport({ address: '192.0.2.3' }),
    ];
    const lines = await metrics(serve(healthySources({ exporters }), { exporters: 2 }));
    expect(lines.filter((line) => line.startsWith('weir_exporter_flows_total')).sort()).toEqual([
      'weir_exporter_flows_total{exporter="192.0.2.1"} 20000',
      'weir_exporter_flows_total{exporter="192.0.2.2"} 20000',
      'weir_exporter_flows_total{exporter="other"} 20000',
    ]);
    expect(lines.some((line) => line.startsWith('weir_exporter_clock_offset_seconds{exporter="other"'))).toBe(
      false,
    );
  });

  test('elements beyond the bound are summed up', async () => {
    const unused = [1, 2, 3, 4].map((id) => ({ pen: 9, id, name: `cisco:${id}`, records: 10 * id }));
    const lines = await metrics(
      serve(healthySources({ exporters: [healthyReport({ unused })] }), { elements: 2 }),
    );
    expect(lines.filter((line) => line.startsWith('weir_unused_element'))).toEqual([
      'weir_unused_element_records_total{element="cisco:4",pen="9",id="4"} 40',
      'weir_unused_element_records_total{element="cisco:3",pen="9",id="3"} 30',
      'weir_unused_element_records_total{element="other",pen="",id=""} 30',
    ]);
  });

  test('what is not known is not told as 0', async () => {
    const lines = await metrics(
      serve(healthySources({ receiver: { utilization: null }, listener: { kernelDrops: null } })),
    );
    expect(lines.filter((line) => /utilization|kernel_drops/.test(line))).toEqual([]);
  });
});

test('/exporters has reports and verdicts', async () => {
  const answer = await get(
    serve(healthySources({ exporters: [healthyReport({ samplingRate: 0 })] })),
    '/exporters',
  );
  expect(answer.json()).toMatchObject({
    timeMs: NOW_MS,
    exporters: [{ address: '192.0.2.1', ledger: { flows: 20000 }, verdicts: [{ code: 'sampling_unknown' }] }],
  });
});

test('the index tells what there is, and an unknown path where to go', async () => {
  const served = serve(healthySources());
  expect((await get(served, '/')).body).toContain('/metrics');
  const nowhere = await get(served, '/heatlh?x=1');
  expect(nowhere.statusCode).toBe(404);
  expect(nowhere.json()).toEqual({
    error:
      'There is no GET /heatlh. There are GET /health, /metrics, /exporters and /detectors, POST /backtest, and WebSockets at /ws/flows and /ws/rates.',
  });
});

test('answers carry headers that keep browsers from doing anything with them', async () => {
  for (const url of ['/', '/health', '/metrics', '/exporters', '/none'])
    expect((await get(serve(healthySources()), url)).headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'cache-control': 'no-store',
    });
});

test('a port that is taken is told with what to change', async () => {
  const served = serve(healthySources());
  const port = await served.listen({ host: '127.0.0.1', port: 0 });
  const second = createApi(healthySources());
  await expect(second.listen({ host: '127.0.0.1', port })).rejects.toThrow(
    /another program already listens there.*WEIR_HTTP_BIND/,
  );
  await second.close();
});
