import { createTheme, ThemeContext } from '@grafana/data';
import { GlobalStyles, PortalContainer } from '@grafana/ui';
import * as React from 'react';

/** A page of Grafana's: theme, global styles and the place that lists and tooltips stand in. */
export function Page({ theme, children }) {
  // Grafana's own fonts come with its server, not with its libraries.
  const value = React.useMemo(
    () => createTheme({ colors: { mode: theme }, typography: { fontFamily: 'sans-serif', fontFamilyMonospace: 'monospace' } }),
    [theme],
  );
  return (
    <ThemeContext.Provider value={value}>
      <GlobalStyles />
      <main style={{ padding: 16, minHeight: '100vh', background: value.colors.background.primary, color: value.colors.text.primary }}>
        {children}
      </main>
      <PortalContainer />
    </ThemeContext.Provider>
  );
}
