declare const WEIR_VERSION: string | undefined;

/** The program's version: put in by the bundler (`WEIR_VERSION`); `development` where it runs from its sources. */
export const VERSION: string = typeof WEIR_VERSION === 'string' ? WEIR_VERSION : 'development';
