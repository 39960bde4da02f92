/** Whether Next's development server runs this. Written out in full: Next replaces the expression when it builds. */
export const isDevelopment = process.env.NODE_ENV === 'development';
