import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/** One file of a parcel: rows for one table, in Native blocks. */
export interface ParcelFile {
  readonly table: string;
  readonly rows: number;
  /** All columns that some block of it carries. */
  readonly columns: readonly string[];
  readonly bytes: number;
  /** CRC-32 of its content: a torn or changed file is found out before it is inserted. */
  readonly crc: number;
}

/** Sealed data on disk, waiting to be stored: complete or not there at all. */
export interface Parcel {
  /** Unique for ever, in order of sealing; with a file's table it makes the deduplication token. */
  readonly name: string;
  readonly sealedMs: number;
  /** Flows in it by exporter. */
  readonly flows: Readonly<Record<string, number>>;
  readonly files: readonly ParcelFile[];
  readonly bytes: number;
}

export interface SpoolOptions {
  readonly dir: string;
  /** Waits for the disk before a parcel counts as sealed: safe against loss of power, not only against a crash. */
  readonly fsync: boolean;
}

/** What was found in the folder at the start. */
export interface SpoolFindings {
  readonly parcels: readonly Parcel[];
  /** Parcels that fail their checksum, moved to `rejected/`, with their flows by exporter as far as the manifest still tells. */
  readonly torn: readonly { readonly name: string; readonly flows: Readonly<Record<string, number>> }[];
}

const MANIFEST = 'manifest.json';
const OPEN_SUFFIX = '.open';
const STORED_SUFFIX = '.stored';

/**
 * The spool: a folder of parcels, each a folder of its own with a manifest. A parcel is written under another name and
 * renamed when it is whole, so that a crash at any point leaves it complete or leaves nothing.
 */
export class Spool {
  private readonly dir: string;
  private readonly fsync: boolean;
  /** Names begin with the time, for their order, and go on with chance, so that no two collectors make the same token. */
  private readonly epoch = Date.now().toString(36).padStart(9, '0') + randomBytes(5).toString('hex');
  private sequence = 0;

  constructor(options: SpoolOptions) {
    this.dir = options.dir;
    this.fsync = options.fsync;
  }

  /** Makes the folder, clears what a crash left half-written, and lists what waits, oldest first. */
  async start(): Promise<SpoolFindings> {
    await mkdir(join(this.dir, 'rejected'), { recursive: true });
    const parcels: Parcel[] = [];
    const torn: { name: string; flows: Readonly<Record<string, number>> }[] = [];
    for (const name of (await readdir(this.dir)).sort()) {
      if (name === 'rejected') continue;
      if (name.endsWith(OPEN_SUFFIX) || name.endsWith(STORED_SUFFIX)) {
        await rm(join(this.dir, name), { recursive: true, force: true });
        continue;
      }
      const parcel = await this.readManifest(name);
      if (parcel !== undefined && (await this.isSound(parcel))) parcels.push(parcel);
      else {
        torn.push({ name, flows: parcel?.flows ?? {} });
        await this.reject(name);
      }
    }
    return { parcels, torn };
  }

  private async readManifest(name: string): Promise<Parcel | undefined> {
    try {
      return JSON.parse(await readFile(join(this.dir, name, MANIFEST), 'utf8')) as Parcel;
    } catch {
      return undefined;
    }
  }

  private async isSound(parcel: Parcel): Promise<boolean> {
    try {
      for (const file of parcel.files) {
        const bytes = await readFile(this.path(parcel, file));
        if (bytes.length !== file.bytes || crc32(bytes) !== file.crc) return false;
      }
      return true;
    } catch {
      return false;
    }
  }

  /** Opens a parcel to write into. */
  async create(): Promise<OpenParcel> {
    const name = `${this.epoch}-${(this.sequence++).toString(36).padStart(8, '0')}`;
    const folder = join(this.dir, name + OPEN_SUFFIX);
    await mkdir(folder);
    return new OpenParcel(name, folder, join(this.dir, name), this.fsync);
  }

  path(parcel: Parcel, file: ParcelFile): string {
    return join(this.dir, parcel.name, `${file.table}.native`);
  }

  /** The parcel is stored: it leaves the spool, at once for whoever looks after a crash, as a whole and not file by file. */
  async remove(parcel: Parcel): Promise<void> {
    const stored = join(this.dir, parcel.name + STORED_SUFFIX);
    await rename(join(this.dir, parcel.name), stored);
    await rm(stored, { recursive: true, force: true });
  }

  /** The parcel can never be stored: it is kept aside for a person to look at. */
  async reject(name: string): Promise<void> {
    await rename(join(this.dir, name), join(this.dir, 'rejected', name));
  }
}

interface OpenFile {
  readonly handle: FileHandle;
  readonly columns: Set<string>;
  rows: number;
  bytes: number;
  crc: number;
}

/** A parcel being written. Writes follow one another; `seal` makes it whole. */
export class OpenParcel {
  readonly name: string;
  bytes = 0;
  private readonly folder: string;
  private readonly target: string;
  private readonly fsync: boolean;
  private readonly files = new Map<string, OpenFile>();

  constructor(name: string, folder: string, target: string, fsync: boolean) {
    this.name = name;
    this.folder = folder;
    this.target = target;
    this.fsync = fsync;
  }

  rows(table: string): number {
    return this.files.get(table)?.rows ?? 0;
  }

  /** Appends a Native block of `rows` rows with these columns to the table's file. */
  async append(table: string, block: Uint8Array, rows: number, columns: readonly string[]): Promise<void> {
    let file = this.files.get(table);
    if (file === undefined) {
      const handle = await open(join(this.folder, `${table}.native`), 'w');
      file = { handle, columns: new Set(), rows: 0, bytes: 0, crc: 0 };
      this.files.set(table, file);
    }
    for (let at = 0; at < block.length;)
      at += (await file.handle.write(block, at, block.length - at)).bytesWritten;
    file.crc = crc32(block, file.crc);
    file.rows += rows;
    for (const column of columns) file.columns.add(column);
    file.bytes += block.length;
    this.bytes += block.length;
  }

  async seal(flows: Readonly<Record<string, number>>): Promise<Parcel> {
    const files: ParcelFile[] = [];
    for (const [table, { handle, rows, columns, bytes, crc }] of this.files) {
      if (this.fsync) await handle.sync();
      await handle.close();
      files.push({ table, rows, columns: [...columns], bytes, crc });
    }
    const parcel: Parcel = { name: this.name, sealedMs: Date.now(), flows, files, bytes: this.bytes };
    await writeFile(join(this.folder, MANIFEST), JSON.stringify(parcel), { flush: this.fsync });
    await rename(this.folder, this.target);
    return parcel;
  }

  /** Gives up: nothing of it remains. */
  async discard(): Promise<void> {
    for (const { handle } of this.files.values()) await handle.close().catch(() => undefined);
    await rm(this.folder, { recursive: true, force: true });
  }
}
