export type UserId = string & { readonly brand: 'UserId' };
export type CourseId = string & { readonly brand: 'CourseId' };
export type LessonId = string & { readonly brand: 'LessonId' };
export type WorkspaceId = string & { readonly brand: 'WorkspaceId' };
/** The first label of a workspace's notebook origin: 20 characters of [a-z2-7], starting with a letter. */
export type WorkspaceKey = string & { readonly brand: 'WorkspaceKey' };
export type ServerId = string & { readonly brand: 'ServerId' };
/** One sign-in of one browser: the `session` row its cookie names. */
export type SessionId = string & { readonly brand: 'SessionId' };
/** Lower-case hexadecimal SHA-256. */
export type Sha256 = string & { readonly brand: 'Sha256' };
