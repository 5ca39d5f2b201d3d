import { diurnalFactor } from '../../../collector/src/simulate/diurnal.ts';
import type { Random } from '../../../collector/src/simulate/random.ts';
import { type FlowRing, emptyConversation } from './flow-ring.ts';
import { CLOUD, type Office, type Workstation } from './office.ts';

const TICK_MS = 10_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const UTC_OFFSET_HOURS = 1;

const FIN = 1;
const SYN = 2;
const RST = 4;
const PSH = 8;
const ACK = 16;
const WHOLE = FIN | SYN | PSH | ACK;
/** Of connections, how many find nobody or are refused. */
const FAILED_SHARE = 0.012;

/** SNMP indexes of the one router. */
export const INSIDE = 1;
export const OUTSIDE = 2;
export const SERVERS = 3;

export interface Transfer {
  readonly client: number;
  readonly server: number;
  readonly port: number;
  readonly startMs: number;
  readonly durationMs: number;
  readonly up: number;
  readonly down: number;
  readonly protocol?: number;
  readonly clientPort?: number;
}

/** Something that lasts: given to the exporter a minute at a time. */
interface Session extends Transfer {
  readonly endMs: number;
  nextMs: number;
  /** Bits a second of each direction are drawn anew each minute around the mean. */
  readonly wobble: number;
}

/** Something that comes again and again. */
interface Timer {
  nextMs: number;
  readonly periodMs: number;
  readonly jitterMs: number;
  readonly run: (atMs: number) => void;
}

/**
 * What the office does all day: people by the hour of day and week, machines by the clock. Everything in it is benign, and much of it
 * looks like something else: the crawler, the guests behind one address, resolvers, backups over night, the monitoring server, a
 * configuration run over all servers, cameras, phones, keepalives.
 */
export class Background {
  private readonly office: Office;
  private readonly random: Random;
  private readonly ring: FlowRing;
  private readonly sessions = new Set<Session>();
  private readonly timers: Timer[] = [];
  private readonly people: AliasLike;
  private ephemeral = 0;
  /** End of the current ten seconds, and what begins later than those. */
  private untilMs = 0;
  private readonly later = new Map<number, (() => void)[]>();
  private readonly conversation = emptyConversation();

  constructor(office: Office, random: Random, ring: FlowRing, startMs: number) {
    this.office = office;
    this.random = random;
    this.ring = ring;
    this.people = cumulative(office.workstations.map((w) => w.activity));
    this.setTimers(startMs);
  }

  /** All that begins in the ten seconds from `startMs` on. */
  tick(startMs: number): void {
    const day = diurnalFactor(startMs, UTC_OFFSET_HOURS);
    this.untilMs = startMs + TICK_MS;
    for (const begin of this.later.get(startMs) ?? []) begin();
    this.later.delete(startMs);
    this.browse(startMs, day);
    this.officeWork(startMs, day);
    this.machines(startMs, day);
    this.runTimers(startMs);
    this.runSessions(startMs);
  }

  private within(startMs: number): number {
    return startMs + Math.floor(this.random.unit() * TICK_MS);
  }

  private times(perSecond: number): number {
    const mean = perSecond * 10;
    if (mean > 40) return Math.max(0, Math.round(mean + Math.sqrt(mean) * this.random.normal()));
    const limit = Math.exp(-mean);
    let n = 0;
    for (let p = this.random.unit(); p > limit; p *= this.random.unit()) n++;
    return n;
  }

  private someone(): Workstation {
    return this.office.workstations[this.people(this.random.unit())]!;
  }

  private site(of?: Workstation): number {
    const { office, random } = this;
    const place =
      of !== undefined && random.unit() < 0.8
        ? of.favourites[Math.floor(of.favourites.length * random.unit() ** 1.7)]!
        : office.sitePopularity.draw(random);
    return office.sites[place]!;
  }

  private browse(startMs: number, day: number): void {
    const { random } = this;
    for (let n = this.times(6 * day); n > 0; n--) {
      const who = this.someone();
      const at = this.within(startMs);
      this.lookUp(who.address, at);
      // A page: some connections to a few sites.
      for (let k = 1 + random.below(3); k > 0; k--) {
        const quic = random.unit() < 0.35;
        const large = random.unit() < 0.02;
        this.transfer({
          client: who.address,
          server: this.site(who),
          port: quic || random.unit() < 0.93 ? 443 : 80,
          protocol: quic ? 17 : 6,
          startMs: at + random.below(2_000),
          durationMs: random.logNormal(4_000, 1.2),
          up: random.logNormal(2_500, 1.1),
          down: large ? random.pareto(1e6, 1.2) : random.logNormal(14_000, 1.4),
        });
      }
    }
  }

  private lookUp(client: number, atMs: number): void {
    const { random } = this;
    const { resolvers } = this.office.servers;
    const resolver = resolvers[random.unit() < 0.8 ? 0 : 1]!;
    for (let n = 1 + random.below(3); n > 0; n--) {
      this.transfer({
        client,
        server: resolver,
        port: 53,
        protocol: 17,
        startMs: atMs,
        durationMs: 5 + random.below(60),
        up: 32 + random.below(24),
        down: 60 + random.below(200),
      });
      if (random.unit() < 0.35) this.resolve(resolver, atMs);
    }
  }

  /** A resolver asks servers all over the Internet. */
  private resolve(resolver: number, atMs: number): void {
    const { random } = this;
    for (let n = 1 + random.below(3); n > 0; n--)
      this.transfer({
        client: resolver,
        server: this.office.sites[this.office.sitePopularity.draw(random)]! ^ 0x35000000,
        port: 53,
        protocol: 17,
        startMs: atMs,
        durationMs: 20 + random.below(100),
        up: 40 + random.below(30),
        down: random.unit() < 0.03 ? 0 : 90 + random.below(600),
      });
  }

  private officeWork(startMs: number, day: number): void {
    const { random } = this;
    const { servers } = this.office;
    const one = <T>(of: readonly T[]): T => of[random.below(of.length)]!;
    for (let n = this.times(1.2 * day); n > 0; n--) {
      const who = this.someone();
      const what = random.unit();
      const startAt = this.within(startMs);
      const transfer = (server: number, port: number, durationMs: number, up: number, down: number): void =>
        this.transfer({ client: who.address, server, port, startMs: startAt, durationMs, up, down });
      if (what < 0.3)
        transfer(
          who.fileServer,
          445,
          random.logNormal(20_000, 1),
          random.unit() < 0.04 ? random.pareto(2e6, 1.1) : random.logNormal(6_000, 1.5),
          random.unit() < 0.06 ? random.pareto(4e6, 1.1) : random.logNormal(20_000, 1.5),
        );
      else if (what < 0.5)
        transfer(
          one(servers.intranet),
          443,
          random.logNormal(3_000, 1),
          2_500,
          random.logNormal(30_000, 1.3),
        );
      else if (what < 0.65)
        transfer(
          one(servers.domainControllers),
          [88, 389, 445, 135][random.below(4)]!,
          random.logNormal(400, 1),
          3_000,
          4_000,
        );
      else if (what < 0.85)
        transfer(servers.mail, 993, random.logNormal(15_000, 1), 2_000, random.logNormal(12_000, 1.6));
      else if (what < 0.88)
        transfer(who.printer, 9100, random.logNormal(8_000, 0.8), random.logNormal(400_000, 1.3), 2_000);
      else if (what < 0.9) this.share(who.address, startAt);
      else if (what < 0.915) this.call(who.address, startAt);
      else if (who.administers.length > 0)
        transfer(one(who.administers), 22, random.logNormal(200_000, 1), 20_000, 60_000);
      else
        transfer(
          one(servers.applications),
          443,
          random.logNormal(2_000, 1),
          4_000,
          random.logNormal(40_000, 1),
        );
    }
  }

  /** Files go up to a drive in the cloud: a few megabytes, now and then hundreds. */
  private share(client: number, startMs: number): void {
    const { random } = this;
    const up = Math.min(8e8, random.pareto(8e5, 0.9));
    this.last({
      client,
      server: CLOUD.drive[random.below(CLOUD.drive.length)]!,
      port: 443,
      startMs,
      durationMs: Math.max(2_000, (up / 4e6) * 1000),
      up,
      down: up / 60,
    });
  }

  /** A video conference of a few minutes to an hour and a half. */
  private call(client: number, startMs: number): void {
    const { random } = this;
    const durationMs = Math.min(1.5 * HOUR_MS, random.logNormal(25 * MINUTE_MS, 0.7));
    const server = CLOUD.video[random.below(CLOUD.video.length)]!;
    this.last({
      client,
      server,
      port: 3480,
      protocol: 17,
      startMs,
      durationMs,
      up: (durationMs / 1000) * 180_000,
      down: (durationMs / 1000) * 320_000,
    });
  }

  private machines(startMs: number, day: number): void {
    const { random, office } = this;
    const { servers } = office;
    const one = <T>(of: readonly T[]): T => of[random.below(of.length)]!;
    // Applications and their databases: pools of short connections, day and night.
    for (let n = this.times(1.5 + 2.5 * day); n > 0; n--)
      this.transfer({
        client: one(servers.applications),
        server: one(servers.databases),
        port: 5432,
        startMs: this.within(startMs),
        durationMs: random.logNormal(800, 1.5),
        up: random.logNormal(2_000, 1),
        down: random.logNormal(9_000, 1.5),
      });
    // The crawler: everywhere, and not all answer.
    for (let n = this.times(2.5); n > 0; n--) {
      const at = this.within(startMs);
      const server = office.sites[random.below(office.sites.length)]! ^ (random.below(16) << 24);
      if (random.unit() < 0.5) this.resolve(servers.resolvers[0]!, at);
      this.transfer(
        {
          client: servers.crawler,
          server,
          port: random.unit() < 0.85 ? 443 : 80,
          startMs: at,
          durationMs: random.logNormal(1_500, 1),
          up: 1_500,
          down: random.logNormal(40_000, 1.2),
        },
        0.08,
      );
    }
    // Guests behind one address: web, games, telephony, any port.
    for (let n = this.times(2.5 * day); n > 0; n--) {
      const odd = random.unit() < 0.12;
      this.transfer(
        {
          client: servers.gateway,
          server: odd
            ? office.sites[random.below(office.sites.length)]! ^ (random.below(64) << 24)
            : this.site(),
          port: odd ? 1024 + random.below(60_000) : random.unit() < 0.92 ? 443 : 80,
          protocol: odd || random.unit() < 0.4 ? 17 : 6,
          startMs: this.within(startMs),
          durationMs: random.logNormal(6_000, 1.3),
          up: random.logNormal(3_000, 1.3),
          down: random.logNormal(25_000, 1.6),
        },
        odd ? 0.15 : FAILED_SHARE,
      );
    }
    // Our own web servers, asked from everywhere.
    for (let n = this.times(1 + 3 * day); n > 0; n--)
      this.transfer({
        client: (random.uint32() & 0xffffff00) | [80, 73, 12, 91, 188][random.below(5)]!,
        server: one(servers.publicWeb),
        port: 443,
        startMs: this.within(startMs),
        durationMs: random.logNormal(4_000, 1),
        up: random.logNormal(1_800, 1),
        down: random.unit() < 0.01 ? random.pareto(3e6, 1.2) : random.logNormal(40_000, 1.4),
      });
    // Mail comes and goes.
    for (let n = this.times(0.25 * (0.3 + day)); n > 0; n--) {
      const out = random.unit() < 0.4;
      const other = this.site();
      if (out) this.lookUp(servers.mail, this.within(startMs));
      this.transfer(
        {
          client: out ? servers.mail : other,
          server: out ? other : servers.mail,
          port: 25,
          startMs: this.within(startMs),
          durationMs: random.logNormal(2_500, 0.8),
          // No mail server takes more than some 35 MB.
          up: Math.min(3.5e7, random.unit() < 0.05 ? random.pareto(8e5, 1.3) : random.logNormal(25_000, 1)),
          down: 1_200,
        },
        out ? 0.05 : FAILED_SHARE,
      );
    }
    // Phones talk.
    for (let n = this.times(0.02 * day); n > 0; n--) {
      const seconds = Math.min(2_400, random.logNormal(150, 1));
      const [a, b] = [one(office.phones), one(office.phones)];
      this.last({
        client: a,
        server: b,
        port: 16_384 + 2 * random.below(8_000),
        clientPort: 16_384 + 2 * random.below(8_000),
        protocol: 17,
        startMs: this.within(startMs),
        durationMs: seconds * 1000,
        up: seconds * 10_700,
        down: seconds * 10_700,
      });
    }
    // Builds fetch sources and packages.
    for (let n = this.times(0.12 * day); n > 0; n--)
      this.transfer({
        client: one(servers.builds),
        server: this.site(),
        port: random.unit() < 0.2 ? 22 : 443,
        startMs: this.within(startMs),
        durationMs: random.logNormal(9_000, 1),
        up: 6_000,
        down: random.pareto(2e5, 1.1),
      });
    // What the Internet always sends: single knocks at any door.
    for (let n = this.times(0.15); n > 0; n--) this.knock(startMs);
  }

  private knock(startMs: number): void {
    const { random, office } = this;
    const c = this.conversation;
    c.startMs = this.within(startMs);
    c.durationMs = 0;
    c.client = random.uint32() | 1;
    c.server = office.servers.publicWeb[random.below(4)]!;
    c.clientPort = 1024 + random.below(60_000);
    c.serverPort = [22, 23, 80, 445, 3389, 8080, 5060, 6379, 2323, 1433][random.below(10)]!;
    c.protocol = 6;
    c.bytesUp = 40;
    c.packetsUp = 1;
    c.flagsUp = SYN;
    const refused = random.unit() < 0.5;
    c.bytesDown = refused ? 40 : 0;
    c.packetsDown = refused ? 1 : 0;
    c.flagsDown = refused ? RST | ACK : 0;
    c.icmpType = 0;
    c.input = OUTSIDE;
    c.output = SERVERS;
    this.ring.add(c);
  }

  private setTimers(startMs: number): void {
    const { office, random } = this;
    const { servers } = office;
    const every = (periodMs: number, jitterMs: number, run: (atMs: number) => void): void => {
      this.timers.push({ nextMs: startMs + random.below(periodMs), periodMs, jitterMs, run });
    };
    /** At an hour of each day. */
    const daily = (hour: number, run: (atMs: number) => void): void => {
      const midnight = Math.floor(startMs / DAY_MS) * DAY_MS;
      this.timers.push({ nextMs: midnight + hour * HOUR_MS, periodMs: DAY_MS, jitterMs: 0, run });
    };
    const ask =
      (
        client: number,
        server: number,
        port: number,
        protocol: number,
        up: number,
        down: number,
        ms: number,
      ) =>
      (atMs: number): void =>
        this.transfer({ client, server, port, protocol, startMs: atMs, durationMs: ms, up, down }, 0.002);
    for (const host of office.all) {
      if (host !== servers.monitoring)
        every(MINUTE_MS, 300, (atMs) => this.ping(servers.monitoring, host, atMs));
      every(17 * MINUTE_MS, 30_000, ask(host, CLOUD.time[random.below(4)]!, 123, 17, 48, 48, 25));
    }
    for (const host of [...office.printers, ...servers.all])
      if (host !== servers.monitoring)
        every(MINUTE_MS, 500, ask(servers.monitoring, host, 161, 17, 400, 900, 60));
    for (const host of servers.all)
      if (host !== servers.monitoring)
        for (const port of [22, 443])
          every(5 * MINUTE_MS, 2_000, ask(servers.monitoring, host, port, 6, 300, 500, 80));
    for (const { address } of office.workstations) {
      every(MINUTE_MS, 1_500, ask(address, CLOUD.endpointProtection, 443, 6, 900, 600, 300));
      every(4 * MINUTE_MS, 5_000, ask(address, CLOUD.chat[random.below(5)]!, 443, 6, 700, 900, 200));
      every(90 * MINUTE_MS, 600_000, ask(address, servers.domainControllers[0]!, 445, 6, 4_000, 9_000, 900));
    }
    for (const phone of office.phones)
      every(MINUTE_MS, 1_000, ask(phone, servers.applications[0]!, 5060, 17, 600, 550, 40));
    for (const thing of office.things) every(30_000, 400, ask(thing, CLOUD.things, 8883, 6, 350, 250, 120));
    for (const camera of office.cameras)
      this.last({
        client: camera,
        server: servers.recorder,
        port: 554,
        startMs,
        durationMs: 1e12,
        up: 1e9 * 250_000,
        down: 1e9 * 2_000,
      });
    // Backups over night: each server to the backup server, and that to the cloud, every night the same.
    servers.all.slice(0, 40).forEach((server, i) => {
      if (server === servers.backup) return;
      daily(0.5 + (i % 16) * 0.25, (atMs) => {
        const bytes = random.logNormal(6e9, 0.25);
        this.last({
          client: server,
          server: servers.backup,
          port: 10_000,
          startMs: atMs,
          durationMs: (bytes / 3e7) * 1000,
          up: bytes,
          down: bytes / 100,
        });
      });
    });
    daily(2, (atMs) => {
      const bytes = random.logNormal(9e10, 0.1);
      this.last({
        client: servers.backup,
        server: CLOUD.offsiteBackup,
        port: 443,
        startMs: atMs,
        durationMs: (bytes / 1.4e7) * 1000,
        up: bytes,
        down: bytes / 80,
      });
    });
    // The jump host configures all servers before work begins.
    daily(3.5, (atMs) =>
      servers.all.forEach((server, i) => {
        if (server === servers.jump) return;
        for (let k = 0; k < 4; k++)
          this.transfer({
            client: servers.jump,
            server,
            port: 22,
            startMs: atMs + i * 1_500 + k * 6_000,
            durationMs: random.logNormal(3_000, 0.5),
            up: 30_000,
            down: 25_000,
          });
      }),
    );
    // Updates: on Tuesdays and Thursdays, over two hours of the morning.
    daily(8, (atMs) => {
      const weekday = new Date(atMs).getUTCDay();
      if (weekday !== 2 && weekday !== 4) return;
      for (const { address } of office.workstations) {
        const bytes = random.logNormal(6e7, 0.5);
        this.last({
          client: address,
          server: CLOUD.updates[random.below(6)]!,
          port: 443,
          startMs: atMs + random.below(2 * HOUR_MS),
          durationMs: (bytes / 2e6) * 1000,
          up: bytes / 60,
          down: bytes,
        });
      }
    });
  }

  private ping(client: number, server: number, atMs: number): void {
    const c = this.conversation;
    c.startMs = atMs;
    c.durationMs = 2;
    c.client = client;
    c.server = server;
    c.clientPort = c.serverPort = 0;
    c.protocol = 1;
    c.bytesUp = 168;
    c.packetsUp = 2;
    // One in many does not answer: it is switched off or lost.
    const answered = this.random.unit() > 0.004;
    c.bytesDown = answered ? 168 : 0;
    c.packetsDown = answered ? 2 : 0;
    c.flagsUp = c.flagsDown = 0;
    c.icmpType = 8;
    c.input = SERVERS;
    c.output = INSIDE;
    this.ring.add(c);
  }

  private runTimers(startMs: number): void {
    const endMs = startMs + TICK_MS;
    for (const timer of this.timers)
      while (timer.nextMs < endMs) {
        const at = Math.max(
          startMs,
          timer.nextMs + Math.round((this.random.unit() - 0.5) * 2 * timer.jitterMs),
        );
        timer.run(at);
        timer.nextMs += timer.periodMs;
      }
  }

  /** Begins something that may last longer than an active timeout. */
  last(transfer: Transfer): void {
    if (transfer.durationMs < MINUTE_MS) {
      this.transfer(transfer);
      return;
    }
    this.sessions.add({
      ...transfer,
      clientPort: transfer.clientPort ?? this.port(),
      endMs: transfer.startMs + transfer.durationMs,
      nextMs: transfer.startMs,
      wobble: 0.15,
    });
  }

  private runSessions(startMs: number): void {
    const endMs = startMs + TICK_MS;
    for (const session of this.sessions) {
      while (session.nextMs < Math.min(endMs, session.endMs)) {
        const durationMs = Math.min(MINUTE_MS, session.endMs - session.nextMs);
        const share = (durationMs / session.durationMs) * (1 + session.wobble * this.random.normal());
        const ends = session.nextMs + durationMs >= session.endMs;
        this.transfer(
          {
            ...session,
            startMs: session.nextMs,
            durationMs,
            up: Math.max(200, session.up * share),
            down: Math.max(200, session.down * share),
          },
          0,
          (session.nextMs === session.startMs ? SYN : 0) | (ends ? FIN : 0) | ACK | PSH,
        );
        session.nextMs += durationMs;
      }
      if (session.nextMs >= session.endMs) this.sessions.delete(session);
    }
  }

  private port(): number {
    this.ephemeral = (this.ephemeral + 7) % 28_000;
    return 32_768 + this.ephemeral;
  }

  /** One connection, which a small share of all do not get. */
  transfer(t: Transfer, failing = FAILED_SHARE, flags: number = WHOLE): void {
    const { random } = this;
    if (t.startMs >= this.untilMs) {
      const tick = Math.floor(t.startMs / TICK_MS) * TICK_MS;
      const others = this.later.get(tick) ?? [];
      others.push(() => this.transfer(t, failing, flags));
      this.later.set(tick, others);
      return;
    }
    if (flags === WHOLE) {
      // What is large takes its time: no line is ever exceeded.
      const line = interfaceOf(t.client) === OUTSIDE || interfaceOf(t.server) === OUTSIDE ? 1.2e7 : 5e7;
      const leastMs = ((t.up + t.down) / line) * 1000;
      if (leastMs > MINUTE_MS) {
        this.last({ ...t, durationMs: leastMs });
        return;
      }
      t = leastMs > t.durationMs ? { ...t, durationMs: leastMs } : t;
    }
    const c = this.conversation;
    const protocol = t.protocol ?? 6;
    c.startMs = t.startMs;
    c.client = t.client;
    c.server = t.server;
    c.clientPort = t.clientPort ?? this.port();
    c.serverPort = t.port;
    c.protocol = protocol;
    c.icmpType = 0;
    c.input = interfaceOf(t.client);
    c.output = interfaceOf(t.server);
    if (random.unit() < failing) {
      // Nobody answers (three tries), or it is refused.
      const refused = protocol === 6 && random.unit() < 0.6;
      c.durationMs = refused ? 1 : protocol === 6 ? 7_000 : 0;
      c.packetsUp = refused ? 1 : protocol === 6 ? 4 : 1;
      c.bytesUp = c.packetsUp * 60;
      c.packetsDown = refused ? 1 : 0;
      c.bytesDown = refused ? 40 : 0;
      c.flagsUp = protocol === 6 ? SYN : 0;
      c.flagsDown = refused ? RST | ACK : 0;
      this.ring.add(c);
      return;
    }
    const up = Math.max(1, Math.round(t.up));
    const down = Math.round(t.down);
    const dataUp = Math.ceil(up / 1400);
    const dataDown = Math.ceil(down / 1400);
    c.durationMs = Math.max(1, Math.min(t.durationMs, MINUTE_MS));
    c.packetsUp = protocol === 6 ? dataUp + (dataDown >>> 1) + 3 : dataUp;
    c.packetsDown = down === 0 ? 0 : protocol === 6 ? dataDown + (dataUp >>> 1) + 2 : dataDown;
    c.bytesUp = up + c.packetsUp * 40;
    c.bytesDown = down + c.packetsDown * 40;
    c.flagsUp = protocol === 6 ? flags : 0;
    c.flagsDown = protocol === 6 ? flags : 0;
    this.ring.add(c);
  }
}

/** 10.20.200.0/24 is the servers', the rest of 10.20.0.0/16 the office's, all else is outside. */
export function interfaceOf(address: number): number {
  if ((address & 0xffff) !== (10 | (20 << 8))) return OUTSIDE;
  return ((address >>> 16) & 255) === 200 ? SERVERS : INSIDE;
}

type AliasLike = (unit: number) => number;

/** Draws a place by weight, of a number in [0, 1). */
function cumulative(weights: readonly number[]): AliasLike {
  const sums: number[] = [];
  let sum = 0;
  for (const weight of weights) sums.push((sum += weight));
  return (unit) => {
    const wanted = unit * sum;
    let low = 0;
    let high = sums.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sums[middle]! <= wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}
