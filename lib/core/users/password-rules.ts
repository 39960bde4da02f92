// Apart from the schemas, so that a form in the browser can say the rule without bringing a library along.

/** In characters. */
export const PASSWORD_LEAST = 10;
export const PASSWORD_MOST = 512;

/** Said beside the field, before anything is refused. */
export const passwordHint = `At least ${PASSWORD_LEAST} characters.`;
