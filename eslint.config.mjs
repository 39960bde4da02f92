import next from '@next/eslint-plugin-next';
import importPlugin from 'eslint-plugin-import';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

// Who may import whom, read as "target may not import from".
// The arrow of the whole product: app -> web -> hub.ts -> adapters -> core.
const zones = [
  { target: './lib/core', from: ['./lib', './app', './components'], except: ['./core'], message: 'core is the product itself: it imports only core.' },
  { target: './lib/config', from: ['./lib', './app', './components'], except: ['./config'], message: 'config reads the environment and knows nobody.' },
  { target: './lib/adapters', from: ['./app', './components', './lib/web', './lib/gateway', './lib/controller', './lib/hub.ts', './lib/config'], message: 'adapters implement core ports; settings arrive as arguments.' },
  { target: './lib/hub.ts', from: ['./app', './components', './lib/web', './lib/gateway', './lib/controller'], message: 'hub.ts is assembled from below only.' },
  { target: ['./lib/gateway', './lib/controller'], from: ['./app', './components', './lib/web', './lib/adapters'], message: 'programs speak to the hub, not to adapters or the site.' },
  { target: './lib/gateway', from: './lib/controller', message: 'gateway and controller are separate programs.' },
  { target: './lib/controller', from: './lib/gateway', message: 'gateway and controller are separate programs.' },
  { target: './lib/web', from: ['./app', './components', './lib/adapters', './lib/gateway', './lib/controller'], message: 'web is Next glue over the hub.' },
  { target: './components', from: ['./app', './lib/hub.ts', './lib/web', './lib/adapters', './lib/gateway', './lib/controller', './lib/config'], message: 'components take props and core types.' },
  { target: './app', from: ['./lib/hub.ts', './lib/adapters', './lib/gateway', './lib/controller', './lib/config'], message: 'pages and actions call lib/web.' },
  { target: './lib/!(core|config|adapters|gateway|controller|web)/**', from: ['./lib', './app', './components'], message: 'a new folder in lib needs its own line here first.' },
];

// core may import itself, zod and what a decision record has put on this list; every other bare name is refused.
const corePackages = ['zod', 'jose', 'node:crypto', 'unified', 'remark-parse', 'remark-gfm', 'remark-math', 'remark-rehype', 'rehype-raw', 'rehype-sanitize', 'rehype-katex', 'katex', 'hast', 'mdast', 'unist-util-visit', '@lezer/python', '@lezer/highlight', 'anser', 'jsonc-parser'];

// The rooms of the notebook page: each may import those before it, none those after it.
const rooms = ['session', 'outputs', 'runs', 'saving', 'lab', 'lesson', 'view'];
const roomZones = rooms.slice(0, -1).map((room, n) => ({ target: `./components/notebook/${room}`, from: rooms.slice(n + 1).map((later) => `./components/notebook/${later}`), message: 'a room of the notebook page knows only those before it: session, outputs, runs, saving, lab, lesson, view.' }));

export default tseslint.config(
  { ignores: ['node_modules/**', '.next/**', '.lectern/**', 'lib/adapters/postgres/generated/**', 'next-env.d.ts', 'public/**'] },
  {
    files: ['**/*.{ts,tsx}'],
    languageOptions: { parser: tseslint.parser },
    plugins: { import: importPlugin, '@typescript-eslint': tseslint.plugin, 'react-hooks': reactHooks, '@next/next': next },
    settings: { 'import/resolver': { typescript: true, node: { extensions: ['.ts', '.tsx'] } }, 'import/parsers': { '@typescript-eslint/parser': ['.ts', '.tsx'] } },
    rules: {
      'import/no-restricted-paths': ['error', { basePath: import.meta.dirname, zones: [...zones, ...roomZones] }],
      'import/no-cycle': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-console': 'error',
      'prefer-const': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'react-hooks/rules-of-hooks': 'error',
      'react-hooks/exhaustive-deps': 'error',
    },
  },
  {
    files: ['lib/core/**/*.ts'],
    ignores: ['**/*.test.ts', '**/*.contract.ts', '**/*.fixture.ts'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [{ regex: `^(?!(${corePackages.join('|')})(/|$))[^.]`, message: 'core is plain TypeScript; reach outside through a port.' }] }],
      'no-restricted-globals': ['error', 'process', 'fetch'],
    },
  },
  {
    files: ['{app,components,lib}/**/*.{ts,tsx}'],
    ignores: ['lib/config/**', '**/*.test.ts'],
    rules: { 'no-restricted-properties': ['error', { object: 'process', property: 'env', message: 'read it from lib/config.' }] },
  },
  {
    // So that no field is forgotten when a new one comes: what a text may hold is decided in one place.
    files: ['lib/web/**/*.{ts,tsx}', 'app/**/*.{ts,tsx}'],
    ignores: ['**/*.test.ts'],
    rules: { 'no-restricted-syntax': ['error', { selector: "CallExpression[callee.object.name='z'][callee.property.name=/^(string|uuid|email|coerce|any)$/]", message: 'take a schema of lib/core/text.ts: line, lines, id or token.' }] },
  },
  { files: ['scripts/**', 'e2e/**'], rules: { 'no-console': 'off' } },
);
