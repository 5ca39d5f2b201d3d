import { servePlugin } from '@weir/plugin-sdk';
import { createPlugin } from './plugin.ts';

await servePlugin(createPlugin());
