import { expect, test } from './support/fixtures';

const LANGUAGES = [
  {
    locale: 'de-DE',
    lang: 'de',
    connected: 'Verbunden',
    placeholder: 'Nachricht',
    send: 'Senden',
    empty: 'Hier wurde noch nichts gesagt. Sag Hallo!',
    people: /^Personen hier: /,
    panel: 'Gerade hier',
    tooLong: 'Ein Name hat höchstens 40 Zeichen; dieser hat 41.',
    ownName: 'Dein Name',
    changeName: /^Namen ändern/,
    today: 'Heute',
  },
  {
    locale: 'zh-CN',
    lang: 'zh',
    connected: '已连接',
    placeholder: '消息',
    send: '发送',
    empty: '这里还没有人说话。打个招呼吧！',
    people: /^在场人数/,
    panel: '在场的人',
    tooLong: '名字最多 40 个字符，现在有 41 个。',
    ownName: '你的名字',
    changeName: /^修改名字/,
    today: '今天',
  },
] as const;

for (const words of LANGUAGES) {
  test.describe(`a browser in ${words.locale}`, () => {
    test.use({ locale: words.locale });

    test('sees the page in its language, problems included', async ({ page, room, servers }) => {
      await page.goto(`${servers[0].url}/#${room}`);
      await expect(page.locator('html')).toHaveAttribute('lang', words.lang);
      await expect(page.getByTestId('connection')).toHaveText(words.connected);
      await expect(page.getByText(words.empty)).toBeVisible();

      await page.getByPlaceholder(words.placeholder).fill('1');
      await page.getByRole('button', { name: words.send, exact: true }).click();
      await expect(page.getByTestId('message')).toHaveCount(1);
      await expect(page.getByRole('heading', { name: words.today })).toBeVisible();

      await page.getByRole('button', { name: words.changeName }).click();
      await page.getByRole('textbox', { name: words.ownName }).fill('x'.repeat(41));
      await page.getByRole('textbox', { name: words.ownName }).press('Enter');
      await expect(page.getByRole('alert')).toHaveText(words.tooLong);

      const people = page.getByRole('button', { name: words.people });
      if (await people.isVisible()) await people.click();
      await expect(page.getByRole('heading', { name: words.panel })).toBeVisible();
      const width = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      expect(width[0]).toBeLessThanOrEqual(width[1] ?? 0);
    });

    test('reads times as its people do', async ({ page, room, servers }) => {
      await page.goto(`${servers[0].url}/#${room}`);
      await expect(page.getByTestId('connection')).toHaveText(words.connected);
      await page.getByPlaceholder(words.placeholder).fill('1');
      await page.getByPlaceholder(words.placeholder).press('Enter');
      const time = page.getByTestId('message').getByRole('time');
      const written = new Date((await time.getAttribute('datetime')) ?? '');
      const clock = { hour: '2-digit', minute: '2-digit' } as const;
      await expect(time).toHaveText(written.toLocaleTimeString(words.locale, clock));
    });
  });
}

test.describe('a browser in a language that the page does not speak', () => {
  test.use({ locale: 'fr-FR' });

  test('sees it in English', async ({ page, servers }) => {
    await page.goto(servers[0].url);
    await expect(page.locator('html')).toHaveAttribute('lang', 'en');
    await expect(page.getByTestId('connection')).toHaveText('Connected');
  });
});
