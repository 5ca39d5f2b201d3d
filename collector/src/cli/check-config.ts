import { Command } from 'commander';
import { describeConfig } from '../config/index.ts';
import { type Io, processIo } from './io.ts';
import { painter } from './paint.ts';
import { configFor, withConfigOption } from './settings.ts';

const EXAMPLES = `
Prints the configuration that holds, with a comment after each value that says where it came from: the file, an environment
variable, or the default. Passwords are hidden. With a problem in it, prints what is wrong with which key and exits with 1.

Examples:
  What holds here and now:
    weir check-config

  A file before it is put into place:
    weir check-config --config /etc/weir/weir.yaml.new && mv /etc/weir/weir.yaml.new /etc/weir/weir.yaml

  A file to start from, with all defaults:
    weir check-config > weir.yaml`;

/** `weir check-config`. */
export function checkConfigCommand(io: Io = processIo): Command {
  return withConfigOption(new Command('check-config'))
    .description('Check the configuration and print the effective one.')
    .option('-q, --quiet', 'print only problems and warnings')
    .addHelpText('after', EXAMPLES)
    .action((options: { config?: string; quiet?: boolean }) => {
      const { config, warnings } = configFor(io, options.config);
      if (options.quiet !== true) io.stdout.write(describeConfig(config));
      const paint = painter(io.stderr, io.env);
      for (const { message } of warnings) io.stderr.write(`${paint('yellow', 'warning:')} ${message}\n`);
    });
}
