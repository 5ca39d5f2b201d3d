import { getTemplateSrv } from '@grafana/runtime';

/** A data source's settings as Grafana's boot data have them. */
export function instanceSettings(dataSources, uid) {
  return Object.values(dataSources).find((one) => one.uid === uid);
}

export class DataSourceService {
  private readonly instances = new Map();
  readonly settings;

  constructor(settings) {
    this.settings = settings;
  }

  instance(plugin, uid) {
    let instance = this.instances.get(uid);
    if (instance === undefined) {
      const settings = { ...instanceSettings(this.settings, uid), meta: plugin.meta };
      instance = new plugin.DataSourceClass(settings);
      // As Grafana's DatasourceSrv does after it has made one.
      instance.components = plugin.components;
      instance.meta = plugin.meta;
      if (!instance.uid) instance.uid = uid;
      this.instances.set(uid, instance);
    }
    return instance;
  }

  getInstanceSettings(ref) {
    const uid = typeof ref === 'string' ? getTemplateSrv().replace(ref) : ref?.uid;
    return instanceSettings(this.settings, uid ?? 'weir') ?? this.settings[uid];
  }
  getList() {
    return Object.values(this.settings);
  }
  get(ref) {
    const uid = typeof ref === 'string' ? ref : (ref?.uid ?? 'weir');
    const instance = this.instances.get(uid);
    return instance ? Promise.resolve(instance) : Promise.reject(new Error(`no data source ${uid}`));
  }
  reload() {}
}
