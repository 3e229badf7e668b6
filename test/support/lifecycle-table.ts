import { events, states, transitions } from '../../entrypoint/supervisor/lifecycle.ts'

/** The table of docs/lifecycle.md, made of the code's. */
export function lifecycleTable(): string {
  const rows = states.flatMap((state) =>
    events.flatMap((event) => {
      const { to, actions } = transitions[state][event]
      if (to === state && actions.length === 0) return []
      return [`| \`${state}\` | \`${event}\` | \`${to}\` | ${actions.map((action) => `\`${action}\``).join(', ')} |`]
    }),
  )
  return ['| State | Event | Next state | Actions |', '|---|---|---|---|', ...rows].join('\n')
}
