import * as z from 'zod/mini'

const decimalText = z.pipe(z.union([z.string(), z.number()]), z.transform(String))

/** A decimal string and its currency. The organisation routes of OpenAI send the value as a number. */
export const money = z.object({ value: decimalText, currency: z.string() })
export type Money = z.infer<typeof money>

/** A cursor page, read alike from every list of the API. */
export function page<T extends z.ZodMiniType>(item: T) {
  return z.object({
    data: z.array(item),
    has_more: z.optional(z.boolean()),
    last_id: z.nullish(z.string()),
  })
}
