/** User agents in the forms that browsers, applications and programs send since 2024, and what people call them. */
import type { DeviceKind } from "@sojourn/core"

const mozilla = "Mozilla/5.0"
const mac = `${mozilla} (Macintosh; Intel Mac OS X 10_15_7)`
const windows = `${mozilla} (Windows NT 10.0; Win64; x64)`
const android = `${mozilla} (Linux; Android 10; K)`
const chromium = "AppleWebKit/537.36 (KHTML, like Gecko)"
const webkit = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
const iphone = (version: string) => `${mozilla} (iPhone; CPU iPhone OS ${version} like Mac OS X) ${webkit}`
const ipad = (version: string) => `${mozilla} (iPad; CPU OS ${version} like Mac OS X) ${webkit}`

/** Name, kind, browser version, system version, user agent. */
export type Example = readonly [string, DeviceKind, string | null, string | null, string]

export const browsers: ReadonlyArray<Example> = [
  ["Chrome on macOS", "desktop", "148.0.0.0", "10.15.7", `${mac} ${chromium} Chrome/148.0.0.0 Safari/537.36`],
  ["Chrome on Windows", "desktop", "126.0.0.0", "10", `${windows} ${chromium} Chrome/126.0.0.0 Safari/537.36`],
  [
    "Chrome on Linux",
    "desktop",
    "148.0.0.0",
    null,
    `${mozilla} (X11; Linux x86_64) ${chromium} Chrome/148.0.0.0 Safari/537.36`
  ],
  [
    "Chrome on ChromeOS",
    "desktop",
    "147.0.0.0",
    "14541.0.0",
    `${mozilla} (X11; CrOS x86_64 14541.0.0) ${chromium} Chrome/147.0.0.0 Safari/537.36`
  ],
  ["Chrome on Android", "mobile", "148.0.0.0", "10", `${android} ${chromium} Chrome/148.0.0.0 Mobile Safari/537.36`],
  ["Chrome on Android", "tablet", "148.0.0.0", "10", `${android} ${chromium} Chrome/148.0.0.0 Safari/537.36`],
  [
    "Chrome on Android",
    "mobile",
    "126.0.6478.134",
    "14",
    `${mozilla} (Linux; Android 14; SM-A546E Build/UP1A.231005.007; wv) ${chromium} Version/4.0 Chrome/126.0.6478.134 ` +
    "Mobile Safari/537.36"
  ],
  [
    "Chrome on iOS",
    "mobile",
    "148.0.7778.166",
    "26.4.2",
    `${iphone("26_4_2")} CriOS/148.0.7778.166 Mobile/15E148 Safari/604.1`
  ],
  [
    "Chrome on iPadOS",
    "tablet",
    "148.0.7778.166",
    "26.5.0",
    `${ipad("26_5_0")} CriOS/148.0.7778.166 Mobile/15E148 Safari/604.1`
  ],
  ["Chrome on iPadOS", "tablet", "148", null, `${mac} ${webkit} CriOS/148 Version/11.1.1 Safari/605.1.15`],
  ["Safari on macOS", "desktop", "26.5", "10.15.7", `${mac} ${webkit} Version/26.5 Safari/605.1.15`],
  ["Safari on iOS", "mobile", "17.5", "17.5.1", `${iphone("17_5_1")} Version/17.5 Mobile/15E148 Safari/604.1`],
  ["Safari on iOS", "mobile", "26.5", "26.5", `${iphone("18_7")} Version/26.5 Mobile/15E148 Safari/604.1`],
  ["Safari on iPadOS", "tablet", "26.4", "26.4", `${ipad("18_7")} Version/26.4 Mobile/15E148 Safari/604.1`],
  ["Safari on iOS", "tablet", "12.1.2", "12.5.7", `${ipad("12_5_7")} Version/12.1.2 Mobile/15E148 Safari/604.1`],
  [
    "Firefox on Windows",
    "desktop",
    "150.0",
    "10",
    `${mozilla} (Windows NT 10.0; Win64; x64; rv:150.0) Gecko/20100101 Firefox/150.0`
  ],
  [
    "Firefox on Windows",
    "desktop",
    "115.0",
    "7",
    `${mozilla} (Windows NT 6.1; Win64; x64; rv:109.0) Gecko/20100101 Firefox/115.0`
  ],
  [
    "Firefox on macOS",
    "desktop",
    "150.0",
    "10.15",
    `${mozilla} (Macintosh; Intel Mac OS X 10.15; rv:150.0) Gecko/20100101 Firefox/150.0`
  ],
  [
    "Firefox on Ubuntu",
    "desktop",
    "150.0",
    null,
    `${mozilla} (X11; Ubuntu; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0`
  ],
  [
    "Firefox on Linux",
    "desktop",
    "150.0",
    null,
    `${mozilla} (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0`
  ],
  [
    "Firefox on Fedora",
    "desktop",
    "128.0",
    null,
    `${mozilla} (X11; Fedora; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0`
  ],
  [
    "Firefox on Android",
    "mobile",
    "150.0",
    "16",
    `${mozilla} (Android 16; Mobile; rv:150.0) Gecko/150.0 Firefox/150.0`
  ],
  [
    "Firefox on Android",
    "tablet",
    "127.0",
    "13",
    `${mozilla} (Android 13; Tablet; rv:127.0) Gecko/127.0 Firefox/127.0`
  ],
  ["Firefox on iOS", "mobile", "150.3", "18.7", `${iphone("18_7")} FxiOS/150.3 Mobile/15E148 Safari/604.1`],
  [
    "Edge on Windows",
    "desktop",
    "148.0.0.0",
    "10",
    `${windows} ${chromium} Chrome/148.0.0.0 Safari/537.36 Edg/148.0.0.0`
  ],
  [
    "Edge on Android",
    "mobile",
    "148.0.0.0",
    "10",
    `${android} ${chromium} Chrome/148.0.0.0 Mobile Safari/537.36 EdgA/148.0.0.0`
  ],
  [
    "Edge on iOS",
    "mobile",
    "148.0.3967.55",
    "26.5.0",
    `${iphone("26_5_0")} EdgiOS/148.0.3967.55 Version/26.0 Mobile/15E148 Safari/604.1`
  ],
  [
    "Samsung Internet on Android",
    "mobile",
    "29.0",
    "10",
    `${android} ${chromium} SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36`
  ],
  [
    "Samsung Internet on Android",
    "tablet",
    "26.0",
    "14",
    `${mozilla} (Linux; Android 14; SM-X710) ${chromium} SamsungBrowser/26.0 Chrome/122.0.0.0 Safari/537.36`
  ],
  [
    "Opera on Windows",
    "desktop",
    "131.0.0.0",
    "10",
    `${windows} ${chromium} Chrome/147.0.0.0 Safari/537.36 OPR/131.0.0.0`
  ],
  [
    "Opera on Android",
    "mobile",
    "98.0.0.0",
    "10",
    `${android} ${chromium} Chrome/147.0.0.0 Mobile Safari/537.36 OPR/98.0.0.0`
  ],
  [
    "Vivaldi on Windows",
    "desktop",
    "6.7.3329.41",
    "10",
    `${windows} ${chromium} Chrome/124.0.0.0 Safari/537.36 Vivaldi/6.7.3329.41`
  ],
  [
    "Yandex Browser on Windows",
    "desktop",
    "24.6.0.0",
    "10",
    `${windows} ${chromium} Chrome/124.0.0.0 YaBrowser/24.6.0.0 Safari/537.36`
  ],
  ["DuckDuckGo on iOS", "mobile", "26.4", "18.6", `${iphone("18_6")} Version/26.4 Mobile/15E148 Safari/604.1 Ddg/26.4`],
  [
    "Ecosia on Android",
    "mobile",
    "145.0.0.0",
    "10",
    `${android} ${chromium} Chrome/145.0.0.0 Mobile Safari/537.36 (Ecosia android@145.0.0.0)`
  ],
  [
    "Internet Explorer on Windows",
    "desktop",
    "11.0",
    "10",
    `${mozilla} (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko`
  ],
  [
    "Amazon Silk on Android",
    "tablet",
    "125.2.1",
    "11",
    `${mozilla} (Linux; Android 11; KFTRWI) ${chromium} Silk/125.2.1 like Chrome/125.0.6422.165 Safari/537.36`
  ],
  [
    "Huawei Browser on HarmonyOS",
    "mobile",
    "5.0.4.300",
    "5.0",
    `${mozilla} (Phone; OpenHarmony 5.0) ${chromium} Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1 Mobile HuaweiBrowser/5.0.4.300`
  ]
]

export const apps: ReadonlyArray<Example> = [
  [
    "Google app on iOS",
    "mobile",
    "419.4.905781065",
    "26.4.2",
    `${iphone("26_4_2")} GSA/419.4.905781065 Mobile/15E148 Safari/604.1`
  ],
  [
    "Facebook on iOS",
    "mobile",
    "470.0.0.32.109",
    "17.5.1",
    `${
      iphone("17_5_1")
    } Mobile/21F90 [FBAN/FBIOS;FBAV/470.0.0.32.109;FBBV/618164531;FBDV/iPhone14,5;FBMD/iPhone;FBSN/iOS;` +
    "FBSV/17.5.1;FBSS/3;FBID/phone;FBLC/en_US;FBOP/5;FBRV/620177190]"
  ],
  [
    "Messenger on iOS",
    "mobile",
    "461.0.0.32.107",
    "17.5.1",
    `${
      iphone("17_5_1")
    } Mobile/21F90 [FBAN/MessengerForiOS;FBAV/461.0.0.32.107;FBBV/609776183;FBDV/iPhone13,2;FBSN/iOS]`
  ],
  [
    "Instagram on Android",
    "mobile",
    "335.0.0.39.93",
    "13",
    `${mozilla} (Linux; Android 13; Pixel 7 Build/TQ3A.230901.001; wv) ${chromium} Version/4.0 Chrome/125.0.6422.165 Mobile ` +
    "Safari/537.36 Instagram 335.0.0.39.93 Android (33/13; 420dpi; 1080x2209; Google/google; Pixel 7; panther; panther; en_US)"
  ],
  [
    "Instagram on iOS",
    "mobile",
    "334.0.4.32.98",
    "17.5",
    `${
      iphone("17_5")
    } Mobile/21F79 Instagram 334.0.4.32.98 (iPhone15,3; iOS 17_5; en_US; en; scale=3.00; 1290x2796; 609775437)`
  ],
  [
    "TikTok on iOS",
    "mobile",
    "35.1.0",
    "17.5.1",
    `${iphone("17_5_1")} Mobile/15E148 musical_ly_35.1.0 JsSdk/2.0 NetType/WIFI`
  ],
  [
    "WeChat on iOS",
    "mobile",
    "8.0.49",
    "17.4.1",
    `${iphone("17_4_1")} Mobile/15E148 MicroMessenger/8.0.49(0x18003137) NetType/WIFI`
  ],
  ["LINE on iOS", "mobile", "14.8.0", "17.5", `${iphone("17_5")} Mobile/15E148 Safari Line/14.8.0`],
  ["LinkedIn on iOS", "mobile", null, "17.5", `${iphone("17_5")} Mobile/15E148 [LinkedInApp]/9.29.7763`],
  ["Pinterest on iOS", "mobile", null, "17.5", `${iphone("17_5")} Mobile/15E148 [Pinterest/iOS]`],
  [
    "Naver on iOS",
    "mobile",
    "12.5.2",
    "17.5",
    `${iphone("17_5")} Version/17.5 Mobile/15E148 Safari/605.1 NAVER(inapp; search; 2000; 12.5.2; 14PRO)`
  ],
  [
    "Slack on Windows",
    "desktop",
    "4.38.125",
    "10",
    `${windows} ${chromium} Slack/4.38.125 Chrome/124.0.6367.243 Electron/30.1.2 Safari/537.36`
  ],
  [
    "Visual Studio Code on macOS",
    "desktop",
    "1.91.1",
    "10.15.7",
    `${mac} ${chromium} Code/1.91.1 Chrome/122.0.6261.156 Electron/29.4.0 Safari/537.36`
  ]
]

export const partly: ReadonlyArray<Example> = [
  ["Firefox", "unknown", "150.0", null, `${mozilla} Gecko/20100101 Firefox/150.0`],
  ["Windows", "desktop", null, "10", `${mozilla} (Windows NT 10.0; Win64; x64)`],
  ["iOS", "mobile", null, "17.5.1", `${iphone("17_5_1")} Mobile/15E148`],
  ["iOS", "mobile", null, "17.5", "MyApp/3.1 (iPhone; iOS 17.5; Scale/3.00)"],
  ["Android", "mobile", null, "14", "Dalvik/2.1.0 (Linux; U; Android 14; SM-S911B Build/UP1A.231005.007)"],
  ["macOS", "desktop", null, null, "MyApp/1 CFNetwork/1408.0.4 Darwin/22.5.0 (x86_64)"]
]

export const otherKinds: ReadonlyArray<Example> = [
  [
    "Meta Quest Browser on Android",
    "xr",
    "33.1.0.14.60",
    "12",
    `${mozilla} (Linux; Android 12; Quest 3 Build/SQ3A.220605.009.A1) ${chromium} OculusBrowser/33.1.0.14.60 Chrome/124.0.6367.179 VR Safari/537.36`
  ],
  ["Tizen", "tv", null, "7.0", `${mozilla} (SMART-TV; LINUX; Tizen 7.0) ${chromium} 94.0.4606.31/7.0 TV Safari/537.36`],
  [
    "Chrome on webOS",
    "tv",
    "94.0.4606.128",
    null,
    `${mozilla} (Web0S; Linux/SmartTV) ${chromium} Chrome/94.0.4606.128 Safari/537.36 WebAppManager`
  ],
  [
    "PlayStation 5",
    "console",
    null,
    null,
    `${mozilla} (PlayStation; PlayStation 5/9.20) ${webkit} Version/15.4 Safari/605.1.15`
  ],
  [
    "Nintendo Switch",
    "console",
    null,
    null,
    `${mozilla} (Nintendo Switch; WifiWebAuthApplet) AppleWebKit/606.4 (KHTML, like Gecko) NF/6.0.1.15.4 NintendoBrowser/5.1.0.20393`
  ],
  [
    "Edge on Xbox",
    "console",
    "44.18363.8131",
    "Series X",
    `${mozilla} (Windows NT 10.0; Win64; x64; Xbox; Xbox Series X) ${chromium} Chrome/126.0.0.0 Safari/537.36 Edge/44.18363.8131`
  ],
  [
    "Tesla on Linux",
    "embedded",
    "2024.14.6",
    null,
    `${mozilla} (X11; GNU/Linux) ${chromium} Chromium/88.0.4324.150 Chrome/88.0.4324.150 Safari/537.36 Tesla/2024.14.6`
  ]
]

export const programs: ReadonlyArray<Example> = [
  ["curl", "tool", "8.7.1", null, "curl/8.7.1"],
  ["Wget", "tool", "1.21.4", null, "Wget/1.21.4"],
  ["Postman", "tool", "7.39.0", null, "PostmanRuntime/7.39.0"],
  ["python-requests", "tool", "2.32.3", null, "python-requests/2.32.3"],
  ["aiohttp", "tool", "3.9.5", null, "Python/3.12 aiohttp/3.9.5"],
  ["Go-http-client", "tool", "2.0", null, "Go-http-client/2.0"],
  ["node", "tool", null, null, "node"],
  ["node-fetch", "tool", "1.0", null, "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)"],
  ["undici", "tool", null, null, "undici"],
  ["axios", "tool", "1.7.2", null, "axios/1.7.2"],
  ["okhttp", "tool", "4.12.0", null, "okhttp/4.12.0"],
  ["Apache-HttpClient", "tool", "4.5.14", null, "Apache-HttpClient/4.5.14 (Java/17.0.11)"],
  [
    "PowerShell",
    "tool",
    "7.4.3",
    "10",
    "Mozilla/5.0 (Windows NT 10.0; Microsoft Windows 10.0.22631; en-US) PowerShell/7.4.3"
  ],
  [
    "PowerShell",
    "tool",
    "5.1.22621.3672",
    null,
    "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.22621.3672"
  ],
  [
    "Headless Chrome",
    "tool",
    "126.0.0.0",
    null,
    `${mozilla} (X11; Linux x86_64) ${chromium} HeadlessChrome/126.0.0.0 Safari/537.36`
  ],
  ["Googlebot", "bot", "2.1", null, "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"],
  [
    "Googlebot",
    "bot",
    "2.1",
    null,
    `${mozilla} (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) ${chromium} Chrome/126.0.6478.126 Mobile Safari/537.36 ` +
    "(compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
  ],
  ["Googlebot-Image", "bot", "1.0", null, "Googlebot-Image/1.0"],
  [
    "bingbot",
    "bot",
    "2.0",
    null,
    `${mozilla} AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36`
  ],
  [
    "GPTBot",
    "bot",
    "1.2",
    null,
    `${mozilla} AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)`
  ],
  [
    "ChatGPT-User",
    "bot",
    "1.0",
    null,
    `${mozilla} AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/bot`
  ],
  [
    "ClaudeBot",
    "bot",
    "1.0",
    null,
    `${mozilla} AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)`
  ],
  [
    "Applebot",
    "bot",
    "0.1",
    null,
    `${mozilla} (Macintosh; Intel Mac OS X 10_15_5) ${webkit} Version/13.1.1 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)`
  ],
  [
    "Bytespider",
    "bot",
    null,
    null,
    `${mozilla} (Linux; Android 5.0) ${chromium} Mobile Safari/537.36 (compatible; Bytespider; spider-feedback@bytedance.com)`
  ],
  [
    "facebookexternalhit",
    "bot",
    "1.1",
    null,
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"
  ],
  ["Slackbot-LinkExpanding", "bot", "1.0", null, "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"],
  ["TelegramBot", "bot", null, null, "TelegramBot (like TwitterBot)"],
  ["WhatsApp", "bot", "2.24.12.78", null, "WhatsApp/2.24.12.78 A"],
  [
    "Yahoo! Slurp",
    "bot",
    null,
    null,
    "Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)"
  ],
  ["SomeFeed", "bot", "2.1", null, "SomeFeed/2.1 (+https://feed.example/about)"],
  ["ExampleChecker", "bot", "3.4", null, "Mozilla/5.0 (compatible; ExampleChecker/3.4; +https://checker.example/)"],
  [
    "Chrome on Android",
    "mobile",
    "126.0.0.0",
    "9",
    `${mozilla} (Linux; Android 9; CUBOT_X19) ${chromium} Chrome/126.0.0.0 Mobile Safari/537.36`
  ]
]

export const unknown: ReadonlyArray<string> = [
  "",
  " ",
  "-",
  "Mozilla/5.0",
  "Mozilla/4.0 (compatible)",
  "garbage",
  "Other",
  "Other on Other",
  "unknown/1.0",
  ";;;()",
  "\u0000\u0001",
  "MyApp/2.0.1",
  "undefined",
  "null"
]
