import { z } from 'zod';

/** As in a pod. */
export const toleration = z.strictObject({
  key: z.string().optional(),
  operator: z.enum(['Exists', 'Equal']).optional(),
  value: z.string().optional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).optional(),
  tolerationSeconds: z.number().int().optional(),
});

/** `nvidia.com/gpu=1`. */
export const gpuCount = z
  .string()
  .regex(/^[a-z0-9./-]+=[1-9]\d*$/, 'resource=count, such as nvidia.com/gpu=1')
  .transform((text) => {
    const [resource, count] = text.split('=') as [string, string];
    return { resource, count: Number(count) };
  });
