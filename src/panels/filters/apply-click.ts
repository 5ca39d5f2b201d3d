import type { LinkModel, UrlQueryMap } from '@grafana/data';
import { locationUtil } from '@grafana/data';
import { getTemplateSrv, locationService } from '@grafana/runtime';
import type { ClickAction, ClickFilter } from './click-filter.ts';
import { parametersOfClick } from './click-filter.ts';

/** The panel's settings on clicks. */
export interface ClickOptions {
  readonly clickAction: ClickAction;
  /** Name of the dashboard's ad hoc variable; empty for the first that it has. */
  readonly adHocVariable: string;
  /** Name of the variable that a click sets; empty for the one with the field's name. */
  readonly clickVariable: string;
}

export const defaultClickOptions: ClickOptions = {
  clickAction: 'adhoc',
  adHocVariable: '',
  clickVariable: '',
};

/** Sets the dashboard's filter or variable as the panel's settings say. */
export function applyClick(asked: readonly ClickFilter[], options: ClickOptions): void {
  const adHocVariable =
    options.adHocVariable !== ''
      ? options.adHocVariable
      : (getTemplateSrv()
          .getVariables()
          .find(({ type }) => type === 'adhoc')?.name ?? 'Filters');
  const held = (parameter: string): string[] =>
    new URLSearchParams(locationService.getLocation().search).getAll(parameter);
  const parameters = parametersOfClick(
    asked,
    options.clickAction,
    held,
    adHocVariable,
    options.clickVariable,
  );
  if (parameters !== null) locationService.partial(parameters as UrlQueryMap);
}

export function followLink(link: LinkModel, event: Event): void {
  if (link.onClick !== undefined) {
    link.onClick(event);
  } else if (link.target === '_blank' || /^[a-z]+:\/\//i.test(link.href)) {
    window.open(link.href, link.target ?? '_self', 'noopener');
  } else {
    locationService.push(locationUtil.stripBaseFromUrl(link.href));
  }
}
