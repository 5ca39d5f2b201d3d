import { LoadingState, StreamingDataFrame } from '@grafana/data';
import { EMPTY, Observable } from 'rxjs';

/** Grafana Live for the channels of data sources: packets of the backend's RunStream, by server-sent events. */
export class LiveService {
  getConnectionState() {
    return EMPTY;
  }
  getStream() {
    return EMPTY;
  }
  getPresence() {
    return Promise.reject(new Error('not here'));
  }
  publish() {
    return Promise.reject(new Error('not here'));
  }
  getQueryData() {
    return EMPTY;
  }

  getDataStream({ addr, key, buffer }) {
    return new Observable((subscriber) => {
      const url = new URL('/api/live', location.origin);
      url.searchParams.set('uid', addr.stream ?? addr.namespace);
      url.searchParams.set('path', addr.path);
      url.searchParams.set('data', JSON.stringify(addr.data ?? null));
      const events = new EventSource(url);
      let frame;
      const send = (state, more = {}) => subscriber.next({ state, key, data: frame === undefined ? [] : [frame], ...more });
      events.onmessage = ({ data }) => {
        const packet = JSON.parse(data);
        if (frame === undefined) {
          if (packet.schema === undefined) return;
          frame = StreamingDataFrame.fromDataFrameJSON(packet, buffer);
        } else frame.push(packet);
        send(LoadingState.Streaming);
      };
      events.addEventListener('refused', ({ data }) => {
        events.close();
        send(LoadingState.Error, { error: { message: data } });
      });
      return () => events.close();
    });
  }
}
