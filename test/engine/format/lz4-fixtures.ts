import { inflateRawSync } from 'node:zlib'

/** 111,000 bytes of text, two blocks of 64 KiB. */
export const content = Buffer.from(
  Array.from({ length: 3000 }, (_, n) => `row ${n % 7} of a table that repeats itself\n`).join(''),
)

/** `content` as the reference tool `lz4` 1.9.4 compresses it with various options; deflated once more, to be short here. */
const deflated = {
  'blocks of 64 KiB':
    'Y1HylUhxWB7AyMDwQawov1zBQCE/TSFRoSQxKSdVoSQjsUShKLUgNbGkWCGzpDg1J41LlUHeUJVBUN4IRBiDCBMQYQoizFQZBPmZGf+PbPAgAByIzIwMDP/F8AUlKLwNQUpVGXhxhqe8wRANVL4AsCcZGBgYtK8nHgQA',
  'blocks of 256 KiB':
    'Y1HylUgJ4GBmYmD4IFaUX65goJCfppCoUJKYlJOqUJKRWKJQlFqQmlhSrJBZUpyak8alyiBvqMogKG8EIoxBhAmIMAURZqoMgvzMjP9HwRAD2gHguGVgYGDQvp54EAA=',
  'linked blocks':
    'Y1HylXBxiAtgZGD4IFaUX65goJCfppCoUJKYlJOqUJKRWKJQlFqQmlhSrJBZUpyak8alyiBvqMogKG8EIoxBhAmIMAURZqoMgvzMjP9HNngQAA7EPQwMDPzfh6D7jQLAEc3AwMCgfT3xIAA=',
  'linked blocks with checksums and a content size':
    'Y1HylYhxmLGRkQEEVgYwMjB8ECvKL1cwUMhPU0hUKElMyklVKMlILFEoSi1ITSwpVsgsKU7NSeNSZZA3VGUQlDcCEcYgwgREmIIIM1UGQX5mxv8jGzwIAAdiZjmr9h4GBgb+70PQD0YB4MjWc5fKBiUQ7euJBwE=',
  'block checksums':
    'Y1HylShx2BvAyMDwQawov1zBQCE/TSFRoSQxKSdVoSQjsUShKLUgNbGkWCGzpDg1J41LlUHeUJVBUN4IRBiDCBMQYQoizFQZBPmZGf+PbPAgAByImeWs2syMDAz/xfAFJyjMDUHKVRl4cYapvMEQDVi+ALAn7x3kecvAwMCgfT3xIAA=',
  'a content size':
    'Y1HylchxmLGRkQEEvgcwMjB8ECvKL1cwUMhPU0hUKElMyklVKMlILFEoSi1ITSwpVsgsKU7NSeNSZZA3VGUQlDcCEcYgwgREmIIIM1UGQX5mxv8jGzwIAAciMyMDw38xfEEJCm9DkFJVBl6c4SlvMEQDlS8A7ElQ+tK+nngQAA==',
  'no content checksum':
    'Y1HylUhwaApgZGD4IFaUX65goJCfppCoUJKYlJOqUJKRWKJQlFqQmlhSrJBZUpyak8alyiBvqMogKG8EIoxBhAmIMAURZqoMgvzMjP9HNngQAA5EZkYGhv9i+IISFN6GIKWqDLw4w1PeYIgGKl8A2JMMQAAA',
  'the legacy format':
    'Y1L0kWBmYmD4IFaUX65goJCfppCoUJKYlJOqUJKRWKJQlFqQmlhSrJBZUpyak8alyiBvqMogKG8EIoxBhAmIMAURZqoMgvzMjP9HwRAD2gHguAUA',
  'high compression':
    'Y1HylXBxiAtgZGD4IFaUX65goJCfppCoUJKYlJOqUJKRWKJQlFqQmlhSrJBZUpyak8alyiBvqMogKG8EIoxBhAmIMAURZqoMvPzMjP9HNngSAA7EPQwMDEMyMIwCwBHNwMDAoH098SAA',
}

/** Frames of the reference tool, by what is special about them. */
export const frames: [string, Buffer][] = Object.entries(deflated).map(([what, text]) => [
  what,
  inflateRawSync(Buffer.from(text, 'base64')),
])
