import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import { defineConfig, globalIgnores } from 'eslint/config';
import globals from 'globals';
import ts from 'typescript-eslint';

import svelteConfig from './svelte.config.js';

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
