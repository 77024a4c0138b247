import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import { defineConfig, globalIgnores } from 'eslint/config';
import globals from 'globals';
import ts from 'typescript-eslint';

import svelteConfig from './svelte.config.js';

/** Words for people belong into src/lib/i18n, in every language. */
const TRANSLATE = 'Say it in every language: src/lib/i18n has the words of the page.';

/** Two words in a row: a text that someone would read. */
const SENTENCE = '/\\p{L}{2,}[,…]? \\p{L}{2,}/u';

/** The name is the same in all languages. */
const LETTERS = '/^(?!\\s*Hubbub\\s*$).*\\p{L}/su';

const SENTENCES = [`Literal[value=${SENTENCE}]`, `TemplateElement[value.raw=${SENTENCE}]`];

/** The attributes that are shown or read out. */
const TOLD =
  'SvelteAttribute[key.name=/^(aria-(label|description|placeholder|roledescription|valuetext)|alt|label|placeholder|title)$/]';

const TEXT_IN_MARKUP = [
  `SvelteText[value=${LETTERS}]:not(SvelteStyleElement > *)`,
  `SvelteMustacheTag[kind="text"]:not(SvelteAttribute > *) Literal[value=${LETTERS}]`,
  `${TOLD} SvelteLiteral[value=${LETTERS}]`,
  `${TOLD} Literal[value=${LETTERS}]`,
];

function noText(selectors) {
  return ['error', ...selectors.map((selector) => ({ selector, message: TRANSLATE }))];
}

export default defineConfig(
  globalIgnores(['dist/', 'node_modules/', 'playwright-report/', 'test-results/']),
  js.configs.recommended,
  ts.configs.strictTypeChecked,
  ts.configs.stylisticTypeChecked,
  svelte.configs.recommended,
  {
    languageOptions: {
      parserOptions: { projectService: true, extraFileExtensions: ['.svelte'] },
    },
    rules: {
      // svelte-check and tsc know what is defined.
      'no-undef': 'off',
      // One that is named so is not meant to be used.
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_$', argsIgnorePattern: '^_' }],
      // Numbers in a template literal are plain to read.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    },
  },
  {
    files: ['src/**/*.svelte', 'src/**/*.svelte.ts'],
    languageOptions: {
      globals: globals.browser,
      parserOptions: { parser: ts.parser, svelteConfig },
    },
    rules: {
      // `void value` in an effect says that the effect is to run when the value changes.
      '@typescript-eslint/no-meaningless-void-operator': 'off',
    },
  },
  {
    files: ['src/lib/**/*.ts'],
    ignores: ['src/lib/i18n/**', '**/*.test.ts', '**/fakes.ts'],
    rules: { 'no-restricted-syntax': noText(SENTENCES) },
  },
  {
    files: ['src/**/*.svelte'],
    rules: { 'no-restricted-syntax': noText([...SENTENCES, ...TEXT_IN_MARKUP]) },
  },
  {
    // As ts-rs writes it.
    files: ['src/lib/protocol/generated.ts'],
    rules: {
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/array-type': 'off',
    },
  },
  {
    // Playwright reads which fixtures a fixture needs from its pattern, an empty one included.
    files: ['e2e/support/fixtures.ts', 'scripts/screenshot.ts'],
    rules: { 'no-empty-pattern': 'off' },
  },
  { files: ['*.js'], extends: [ts.configs.disableTypeChecked] },
);
