/** Mail providers anyone can have an address at: such a domain says nothing about the employer. */
export const FREE_MAIL: ReadonlySet<string> = new Set(
  `gmail.com googlemail.com yahoo.com yahoo.co.uk yahoo.fr yahoo.de yahoo.es yahoo.it yahoo.ca yahoo.com.br yahoo.co.in yahoo.co.jp ymail.com
rocketmail.com hotmail.com hotmail.co.uk hotmail.fr hotmail.de hotmail.it hotmail.es outlook.com outlook.de outlook.fr live.com live.co.uk
live.fr live.nl msn.com aol.com aim.com icloud.com me.com mac.com proton.me protonmail.com pm.me gmx.de gmx.net gmx.at gmx.ch gmx.com web.de
t-online.de freenet.de arcor.de mail.com mail.ru yandex.ru yandex.com bk.ru inbox.ru list.ru rambler.ru orange.fr wanadoo.fr free.fr sfr.fr laposte.net
libero.it virgilio.it tiscali.it alice.it comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net
btinternet.com sky.com virginmedia.com ntlworld.com bigpond.com optusnet.com.au shaw.ca rogers.com uol.com.br bol.com.br terra.com.br
qq.com 163.com 126.com sina.com naver.com daum.net hanmail.net rediffmail.com zoho.com fastmail.com hey.com tutanota.com tuta.io hushmail.com
wp.pl o2.pl onet.pl interia.pl seznam.cz centrum.cz abv.bg ziggo.nl kpnmail.nl planet.nl telenet.be skynet.be bluewin.ch telia.com`.split(
    /\s+/,
  ),
);

/** Mailboxes several people read: an equal one points at the company more than at the person. */
export const ROLE_MAILBOXES: ReadonlySet<string> = new Set(
  `info sales contact office admin administrator support help hello mail post team service services kontakt buchhaltung accounting accounts billing
finance hr jobs careers marketing press media enquiries inquiries orders order reception noreply no-reply webmaster postmaster privacy legal`.split(
    /\s+/,
  ),
);

/** Sites that host the pages of many companies: their domain is nobody's own. */
export const SHARED_HOSTS: ReadonlySet<string> = new Set(
  `facebook.com instagram.com twitter.com x.com linkedin.com xing.com youtube.com tiktok.com pinterest.com google.com goo.gl bit.ly linktr.ee yelp.com
wixsite.com wix.com wordpress.com blogspot.com weebly.com squarespace.com jimdo.com webnode.com tumblr.com medium.com github.io shopify.com
myshopify.com etsy.com ebay.com amazon.com godaddysites.com business.site webs.com test.com`.split(/\s+/),
);
