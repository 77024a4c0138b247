// The browser of the tests and of the pictures: the system's, never one that is downloaded.

export const chromium = {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    // Within a container there are no user namespaces for the sandbox; only our own page is opened.
    '--no-sandbox',
    '--disable-gpu',
    // Nobody but our own servers is to be asked for anything.
    '--disable-quic',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
  ],
};
