import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type Event, events, type State, states, transitions } from '../../../entrypoint/supervisor/lifecycle.ts'
import { lifecycleTable } from '../../support/lifecycle-table.ts'

/** The states after each of a story's events. */
function follow(...story: Event[]): State[] {
  let state: State = 'booting'
  return story.map((event) => {
    state = transitions[state][event].to
    return state
  })
}

function actionsOf(state: State, event: Event): readonly string[] {
  return transitions[state][event].actions
}

test('every event has a place in every state', () => {
  for (const state of states) {
    for (const event of events) assert.ok(states.includes(transitions[state][event].to), `${state}, ${event}`)
  }
})

test('the usual life', () => {
  const story: Event[] = ['examined', 'restored', 'ready', 'stopSignal', 'childEnded', 'drained']
  assert.deepEqual(follow(...story), ['restoring', 'starting', 'running', 'stopping', 'draining', 'exited'])
})

test('an app that ends by itself leads to the final sync when its process group is gone', () => {
  assert.deepEqual(follow('examined', 'restored', 'ready', 'mainEnded', 'childEnded').slice(-2), [
    'stopping',
    'draining',
  ])
})

test('whatever happens, a stop signal and the end of all that runs lead to the end, and the app starts only once', () => {
  for (const state of states) {
    let at = state
    for (const event of ['stopSignal', 'mainEnded', 'childEnded', 'drained'] as const) at = transitions[at][event].to
    assert.equal(at, 'exited', state)
  }
  const starts = states.flatMap((state) => events.filter((event) => actionsOf(state, event).includes('startApp')))
  assert.deepEqual(starts, ['ready'])
})

test('no event leads back', () => {
  for (const [rank, state] of states.entries()) {
    for (const event of events) assert.ok(states.indexOf(transitions[state][event].to) >= rank, `${state}, ${event}`)
  }
})

test('before the app there is nobody to signal: the boot is cancelled', () => {
  assert.deepEqual(actionsOf('booting', 'stopSignal'), ['cancel', 'drain'])
  assert.deepEqual(actionsOf('restoring', 'stopSignal'), ['cancel', 'drain'])
})

test('signals that do not stop are sent on while there is an app, and mean nothing otherwise', () => {
  const forwarding = states.filter((state) => actionsOf(state, 'otherSignal').includes('forward'))
  assert.deepEqual(forwarding, ['running', 'stopping'])
})

test('a second signal kills what is ending, or gives the final sync up', () => {
  assert.deepEqual(actionsOf('stopping', 'stopAgain'), ['killChild'])
  assert.deepEqual(actionsOf('draining', 'stopAgain'), ['abandonSync'])
})

test('docs/lifecycle.md has this table', () => {
  const text = readFileSync(new URL('../../../docs/lifecycle.md', import.meta.url), 'utf8')
  assert.ok(text.includes(`\n${lifecycleTable()}\n`), lifecycleTable())
})
