import { mount } from 'svelte';

import './app.css';
import App from './App.svelte';
import { spoken } from './lib/i18n/language';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no element with the id "app"');
document.documentElement.lang = spoken.language;
mount(App, { target });
