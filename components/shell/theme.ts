export const THEME_COOKIE = '__Host-lectern.theme';

/** What a person chose; `system` is the absence of a choice. */
export type Theme = 'system' | 'light' | 'dark';

export const themeOf = (cookie: string | undefined): Theme => (cookie === 'light' || cookie === 'dark' ? cookie : 'system');
