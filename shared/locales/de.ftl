# Deutsch
#
# „Genehmigung“ ist nur die erteilte Zustimmung. Was noch offen ist, heißt „Genehmigungsanfrage“ oder kurz „Anfrage“.

## Zeitpunkte und Zeitspannen

month = { $number ->
    [1] Januar
    [2] Februar
    [3] März
    [4] April
    [5] Mai
    [6] Juni
    [7] Juli
    [8] August
    [9] September
    [10] Oktober
    [11] November
   *[12] Dezember
}
moment = { $day }. { $month } { $year }, { $time } UTC
local-moment = { $day }. { $month } { $year }, { $time } Ortszeit { $place }
utc-time = { $time } UTC
utc-day-and-time = { $day }. { $month }, { $time } UTC
both-times = { $local } ({ $utc })
utc-and-in = { $utc }, { $in }
day = { $day }. { $month } { $year }

days = { $count ->
    [one] { $count } Tag
   *[other] { $count } Tage
}
hours = { $count ->
    [one] { $count } Stunde
   *[other] { $count } Stunden
}
minutes = { $count ->
    [one] { $count } Minute
   *[other] { $count } Minuten
}

in-days = { $count ->
    [one] in { $count } Tag
   *[other] in { $count } Tagen
}
in-hours = { $count ->
    [one] in { $count } Stunde
   *[other] in { $count } Stunden
}
in-minutes = { $count ->
    [one] in { $count } Minute
   *[other] in { $count } Minuten
}

## Beschriftungen vor Werten

pipeline = Pipeline
stage = Phase
action = Aktion
account = AWS-Konto
region = Region
execution = Ausführung
started-by = Gestartet von
what-changes = Änderungen
what-is-put-back = Was wiederhergestellt wird
instructions = Hinweise für die Prüfung
please-review = Bitte prüfen
votes = Stimmen
technical-details = Technische Angaben
open-in-console = In der AWS-Konsole öffnen: { $host }
revision = Revision
revision-of = Revision von { $source }

## Was andere geschrieben haben

written-by-author = Verfasst von der Person hinter der Änderung
change-in-branch = Änderung in { $repository }, Branch { $branch }, beschrieben von der Person dahinter
change-in-repository = Änderung in { $repository }, beschrieben von der Person dahinter
usual-branch = Diese Pipeline nimmt gewöhnlich den Branch { $branch }.
version-of-file = Eine Version der Datei { $key } in { $bucket }
version-of-image = Eine Version des Container-Images { $image }
usual-tag = Diese Pipeline nimmt gewöhnlich das Image mit dem Tag { $tag }.
source = Quelle { $source }
see-change = Diese Änderung auf { $host } ansehen
compare-with-last = Auf { $host } mit dem letzten Release vergleichen
only-in-aws = Links zu dieser Änderung funktionieren nur mit Zugang zu AWS.
change-unread = AWS hat nicht angegeben, was sich ändert.
variables = Einstellungen dieses Release; sie kommen von der Person, die es gestartet hat, oder von den Verantwortlichen der Pipeline
written-by-owner = Verfasst von den Verantwortlichen der Pipeline
comment-by = Kommentar von { $who }
written-by-you = Von Ihnen geschrieben
from-codepipeline = Aus AWS CodePipeline
more-lines = { $count ->
    [one] … und { $count } weitere Zeile
   *[other] … und { $count } weitere Zeilen
}
more-characters = { $count ->
    [one] … und { $count } weiteres Zeichen
   *[other] … und { $count } weitere Zeichen
}
link-to = Link zu { $host }
link-hides-host = Kein Link, denn die Adresse verschleiert, dass sie zu { $host } führt
not-a-link = Kein Link, denn dies ist keine Webadresse

## Überschriften der Seite hinter einem Link und der E-Mail mit der Anfrage

release-question = { $pipeline } für { $stage } freigeben?
reject-question = Release von { $pipeline } für { $stage } ablehnen?
release-question-again = Nach einer Ablehnung erneut gefragt: { $pipeline } für { $stage } freigeben?
reject-question-again = Release von { $pipeline } für { $stage } erneut ablehnen?
release-question-rollback = { $pipeline } in { $stage } auf das Release zurücksetzen, das am { $day } gestartet wurde?
release-question-rollback-undated = { $pipeline } in { $stage } auf ein früheres Release zurücksetzen?
release-question-rollback-again = Nach einer Ablehnung erneut gefragt: { $pipeline } in { $stage } zurücksetzen?
reject-question-rollback = Zurücksetzen von { $pipeline } in { $stage } ablehnen?
release-question-retried = Nach einer Wiederholung erneut gefragt: { $pipeline } für { $stage } freigeben?
release-question-unseen = { $pipeline } für { $stage } freigeben, ohne Seite zum Prüfen?
time-left = Noch { $span }. { $question }

## Frühere Entscheidungen über ein Release, nach dem erneut gefragt wird

rejected-before = Dieses Release wurde schon einmal abgelehnt. Es enthält noch dieselben Änderungen.
approved-before = Dieses Release wurde schon einmal genehmigt.
rejected-by-link = Am { $moment } über einen Link abgelehnt.
approved-by-link = Am { $moment } über einen Link genehmigt.
older-decisions = { $count ->
    [one] … und { $count } ältere Entscheidung
   *[other] … und { $count } ältere Entscheidungen
}

## Wer oder was ein Release gestartet hat

started-by-person = { $name } hat dieses Release gestartet.
started-by-stranger = Jemand mit Zugang zu AWS hat dieses Release gestartet.
started-by-push = Ein Push auf { $branch } hat dieses Release gestartet.
started-by-a-push = Ein Push in ein Repository hat dieses Release gestartet.
started-by-change = Eine Änderung an einer Quelle hat dieses Release gestartet.
started-by-rule = Die Regel { $rule } hat dieses Release automatisch gestartet.
started-by-a-rule = Eine Regel hat dieses Release automatisch gestartet.
started-by-rollback = AWS hat dieses Zurücksetzen automatisch gestartet, weil ein späteres Release fehlgeschlagen ist.
started-by-unknown = AWS gibt nicht an, wer oder was dieses Release gestartet hat.
retried-by-hand = Danach hat jemand diese Phase wiederholen lassen.
retried-automatically = Danach hat AWS diese Phase automatisch wiederholt.
retried = Danach wurde diese Phase wiederholt.

## Was zuvor ausgeliefert wurde

what-is-taken-back = Was zurückgenommen wird
last-release = Das letzte Release für { $stage } wurde am { $moment } gestartet.
last-release-voted = Das letzte Release für { $stage } wurde am { $moment } gestartet. Für die Genehmigung gestimmt: { $names }.
newer-release-here = Für { $stage } gab es bereits ein neueres Release als dieses.
nothing-changed = Es enthielt dieselben Änderungen wie dieses.
same-is-put-back = Auf eben dieses Release wird zurückgesetzt.
put-back-again = Das Release, auf das zurückgesetzt wird, wurde selbst schon einmal zurückgesetzt.
order-unknown = AWS zeigt nicht, ob danach noch ein anderes Release kam.
last-release-unfinished = AWS zeigt nicht, dass es alle Phasen durchlaufen hat; in Betrieb kann also ein älteres Release sein.
rolled-back-since = Seitdem wurde eine Zurücksetzung gestartet; in Betrieb kann also ein älteres Release sein.
more-may-have-changed = Seitdem kann es weitere Änderungen geben, die AWS uns nicht gezeigt hat.
no-release-before = AWS führt kein früheres Release für { $stage } auf.
no-release-since-edit = AWS führt seit der letzten Änderung der Pipeline kein Release für { $stage } auf.
last-release-unread = Wir konnten nicht feststellen, was zuvor für { $stage } freigegeben war.
unreleased-since = Das letzte Release enthielt diese Änderungen nicht. Dieses kann sie enthalten.
taken-back-too = Diese Änderungen werden zurückgenommen, soweit sie freigegeben waren.
more-unreleased = { $count ->
    [one] … und { $count } weitere Änderung
   *[other] … und { $count } weitere Änderungen
}

## Wie viele entscheiden

only-you = Nur Sie wurden um eine Entscheidung gebeten.
people-asked = { $asked ->
    [one] { $asked } Person wurde um eine Entscheidung gebeten.
   *[other] { $asked } Personen wurden um eine Entscheidung gebeten.
}
one-approval = Eine Genehmigung genügt; eine Ablehnung stoppt das Release.
approvals-needed = Es sind { $needed } Genehmigungen nötig; eine Ablehnung stoppt das Release.
one-approval-of = Eine Genehmigung genügt; sie muss von { $name } kommen, denn diese Person hat dieses Release schon einmal abgelehnt. Eine Ablehnung stoppt das Release.
one-must-be-by = Eine davon muss von { $name } kommen, denn diese Person hat dieses Release schon einmal abgelehnt.
# Ohne Verb, damit auch 0 und 1 passen
approvals-received = Bisher eingegangen: { $given } von { $needed } Genehmigungen.
approvals-still-needed = { $count ->
    [one] Es fehlt noch { $count } Genehmigung.
   *[other] Es fehlen noch { $count } Genehmigungen.
}
still-awaited = Noch nicht abgestimmt: { $names }.
no-votes-yet = Bisher hat niemand abgestimmt.
approved = Genehmigt
rejected = Abgelehnt
vote = { $who }: { $decision }, { $moment }
between-sentences = {" "}
name-separator = {", "}
more-people = { $count ->
    [one] { $count } weitere Person
   *[other] { $count } weitere Personen
}
may-not-approve = { $name } hat dieses Release gestartet und darf es daher nicht genehmigen.
initiator-unrecognised = Wir können nicht erkennen, ob eine der um eine Entscheidung gebetenen Personen dieses Release gestartet hat.

## Die Seite hinter einem Link

if-you-approve = Wenn Sie genehmigen, läuft das Release sofort weiter.
if-you-approve-of-several = Wenn Sie genehmigen, wird Ihre Stimme gezählt. Die Pipeline läuft weiter, sobald genügend Genehmigungen vorliegen.
if-you-reject = Wenn Sie ablehnen, stoppt das Release hier und die Phase gilt als fehlgeschlagen.
decide-until = Bitte entscheiden Sie bis zum { $until } ({ $in }).
you-approved-before = Sie haben bereits für die Genehmigung gestimmt. Wenn Sie auf die Schaltfläche klicken, wird diese Stimme ersetzt.
you-rejected-before = Sie haben bereits für die Ablehnung gestimmt. Wenn Sie auf die Schaltfläche klicken, wird diese Stimme ersetzt.
comment-optional = Kommentar (optional, wird mit Ihrer Entscheidung gespeichert)
comment-required = Kommentar (erforderlich, wird mit Ihrer Entscheidung gespeichert)
add-comment = Kommentar hinzufügen
you-decide-as = Sie entscheiden als { $who }.
approve-button = Dieses Release genehmigen
approve-button-rollback = Dieses Zurücksetzen genehmigen
reject-button = Dieses Release ablehnen
reject-button-rollback = Dieses Zurücksetzen ablehnen

problem-title = Fehler: { $title }
comment-too-long = Der Kommentar darf höchstens { $most } Zeichen lang sein. Es wurde noch nichts entschieden.
comment-missing = Geben Sie einen Kommentar ein: Warum lehnen Sie dieses Release ab? Es wurde noch nichts entschieden.
button-not-pressed = Es wurde noch nichts entschieden. Klicken Sie zum Entscheiden auf die Schaltfläche.
comment-not-saved = Ihr Kommentar wurde nicht gespeichert. Sie können ihn hier kopieren.

## Eine Stimme zählt, weitere sind nötig

recorded-title = Ihre Stimme wurde erfasst
recorded = Sie haben für die Genehmigung gestimmt. Die Abstimmung endet spätestens am { $until } ({ $in }).
recorded-change = Solange die Abstimmung läuft, können Sie Ihre Stimme ändern: Öffnen Sie dazu den Link „Ablehnen“ in Ihrer E-Mail.
open-again = Sie können diesen Link jederzeit wieder öffnen, um den aktuellen Stand zu sehen.

## Wie es ausging: Seiten und die E-Mail, die es mitteilt

was-approved = { $pipeline } wurde genehmigt
was-rejected = { $pipeline } wurde abgelehnt
was-already-approved = { $pipeline } wurde bereits genehmigt
was-already-rejected = { $pipeline } wurde bereits abgelehnt
was-not-approved-in-time = { $pipeline } wurde nicht rechtzeitig genehmigt
was-superseded = Die Genehmigung von { $pipeline } wird nicht mehr benötigt
was-stopped = Das Release von { $pipeline } wurde gestoppt
was-not-shown = AWS zeigt die Freigabe von { $pipeline } nicht mehr an

approved-by = Genehmigt von { $names } am { $moment }.
rejected-by = Abgelehnt von { $names } am { $moment }.
approved-in-aws-by = In AWS genehmigt von { $name } am { $moment }.
rejected-in-aws-by = In AWS abgelehnt von { $name } am { $moment }.
approved-in-aws = In AWS genehmigt am { $moment }.
rejected-in-aws = In AWS abgelehnt am { $moment }.
nobody-voted-in-time = Bis zum { $moment } hat niemand abgestimmt.
too-few-approved = Bis zum { $moment } gab es zu wenige Genehmigungen.
superseded-at = Am { $moment } wurde dieses Release von einem neueren abgelöst, oder die Pipeline wurde geändert oder gelöscht.
stopped-at = Gestoppt am { $moment }.
end-not-shown = AWS CodePipeline zeigt diese Freigabe nicht mehr an. Deshalb können wir nicht sagen, wie sie ausging.

pipeline-continues = Die Pipeline läuft weiter.
stage-failed = Das Release wurde hier gestoppt und die Phase als fehlgeschlagen markiert.
not-released = Dieses Release wird nicht durchgeführt.
ask-the-pipelines-owner = Fragen Sie das Team, das die Pipeline betreibt, ob die Version ausgeliefert wurde.

link-no-longer-decides = Mit diesem Link können Sie nicht mehr genehmigen oder ablehnen.
nothing-left-to-decide = Es gibt nichts mehr zu entscheiden.
earlier-links = Auch die Links in der früheren E-Mail zeigen jetzt dieses Ergebnis.

## Seiten, die sagen, warum hier nichts möglich ist und was hilft

bad-link-title = Dieser Link funktioniert nicht
bad-link = Er wurde unterwegs möglicherweise abgeschnitten oder verändert. Es wurde nichts entschieden.
bad-link-next = Öffnen Sie den Link in der E-Mail noch einmal, oder kopieren Sie ihn vollständig in die Adresszeile Ihres Browsers. Wenn das nicht hilft, bitten Sie die Verantwortlichen der Pipeline, die Anfrage erneut zu senden.

bad-form-title = Es wurde nichts entschieden
bad-form = Das Formular ist unvollständig angekommen oder wurde unterwegs verändert.
bad-form-next = Öffnen Sie den Link in der E-Mail noch einmal, und klicken Sie auf der Seite auf die Schaltfläche.

try-again-title = Bitte versuchen Sie es in einer Minute noch einmal
try-again = AWS, wo die Pipeline läuft, hat nicht rechtzeitig geantwortet. Wenn Sie auf die Schaltfläche geklickt haben, ist Ihre Entscheidung möglicherweise schon erfasst.
try-again-next = Warten Sie eine Minute, und öffnen Sie den Link in der E-Mail dann noch einmal. Sie können die Schaltfläche unbesorgt noch einmal anklicken.
try-again-here = Warten Sie eine Minute, und klicken Sie dann unten auf die Schaltfläche. Sie können sie unbesorgt noch einmal anklicken.

misconfigured-title = Leider ist ein Problem aufgetreten
misconfigured = Diese Genehmigungen sind nicht richtig eingerichtet; Näheres steht im Protokoll. Wenn Sie auf die Schaltfläche geklickt haben, ist Ihre Entscheidung möglicherweise schon erfasst.
misconfigured-next = Informieren Sie die Verantwortlichen der Pipeline. Wenn das Problem behoben ist, öffnen Sie den Link in der E-Mail noch einmal.

unserved-title = Hier kann nicht mehr per E-Mail entschieden werden
unserved = Freigaben per E-Mail wurden für diese Pipeline abgeschaltet. Es wurde gerade nichts entschieden.
unserved-next = Fragen Sie die Verantwortlichen der Pipeline, wie das Release freigegeben oder abgelehnt werden kann.

not-found-title = Diese Seite gibt es nicht
not-found = Unter dieser Adresse lassen sich nur Genehmigungslinks öffnen. Ihren Link finden Sie in der E-Mail, die Sie um eine Entscheidung bittet.
not-found-next = Öffnen Sie den Link in der E-Mail noch einmal, oder kopieren Sie ihn vollständig in die Adresszeile Ihres Browsers.

not-allowed-title = Das ist hier nicht möglich
not-allowed = Unter dieser Adresse können Sie nur einen Genehmigungslink öffnen und das Formular auf seiner Seite absenden.
not-allowed-next = Öffnen Sie den Link in der E-Mail in einem Webbrowser.

initiator-title = Sie haben dieses Release gestartet
initiator = Wer ein Release startet, darf es nicht genehmigen; Ihre Genehmigung zählt daher nicht. Es wurde nichts entschieden.
initiator-next = Die anderen Personen, die um eine Entscheidung gebeten wurden, können es genehmigen. Wenn es nicht durchgeführt werden soll, öffnen Sie den Link „Ablehnen“ in Ihrer E-Mail.

expired-title = Dieser Link ist abgelaufen
expired = Es wurde nicht rechtzeitig entschieden. Deshalb wurde das Release gestoppt und die Phase als fehlgeschlagen markiert.
expired-link = Sie können damit nicht mehr genehmigen oder ablehnen.
expired-next = Wenn das Release noch durchgeführt werden soll, bitten Sie die Verantwortlichen der Pipeline, die Phase in AWS CodePipeline zu wiederholen oder die Pipeline erneut zu starten. Sie erhalten dann eine neue E-Mail.
expired-link-next = Vielleicht wartet die Pipeline noch; dann kann jemand mit Zugriff auf AWS dort entscheiden. Andernfalls bitten Sie die Verantwortlichen der Pipeline, die Phase in AWS CodePipeline zu wiederholen oder die Pipeline erneut zu starten. Sie erhalten dann eine neue E-Mail.

stopped-title = Dieses Release wurde gestoppt
stopped = Jemand hat es gestoppt, während es auf eine Entscheidung wartete. Es gibt nichts mehr zu entscheiden.
stopped-next = Wenn das Release noch durchgeführt werden soll, bitten Sie die Verantwortlichen der Pipeline, es erneut zu starten. Sie erhalten dann eine neue E-Mail.

superseded-title = Diese Genehmigung wird nicht mehr benötigt
superseded = Dieses Release wurde von einem neueren abgelöst, oder die Pipeline wurde geändert oder gelöscht. Es wird nicht durchgeführt.
superseded-next = Wenn ein neueres Release auf eine Entscheidung wartet, finden Sie eine neuere E-Mail zu dieser Pipeline.

not-shown-title = Diese Freigabe ist abgeschlossen
not-shown = AWS CodePipeline wartet nicht mehr auf sie und zeigt nicht an, wie sie ausging. Es wurde gerade nichts entschieden.
not-shown-next = Fragen Sie das Team, das die Pipeline betreibt, ob die Version ausgeliefert wurde.

asked-anew-title = Sie wurden erneut gefragt
asked-anew = Nachdem dieser Link verschickt wurde, wurde die Freigabe erneut angefragt. Deshalb gilt dieser Link nicht mehr. Es wurde gerade nichts entschieden.
asked-anew-next = Suchen Sie die neueste E-Mail zu dieser Pipeline und verwenden Sie die Links darin.

cross-site-title = Das kam nicht von unserer Seite
cross-site = Die Entscheidung wurde von einer anderen Website oder einem anderen Programm gesendet und deshalb nicht angenommen. Es wurde gerade nichts entschieden.
cross-site-next = Öffnen Sie den Link in Ihrer E-Mail noch einmal und klicken Sie auf der Seite auf die Schaltfläche.

## Die Seite über die E-Mails, auf die jede Anfrage verweist

help-title = Über diese E-Mails
help-about = Ein Release einer Software ist bereit und wartet, bis jemand es genehmigt. Das Team, das die Pipeline betreibt, hat Sie als eine der Personen benannt, die entscheiden dürfen. Ein Konto brauchen Sie nicht.
help-before-title = Bevor Sie entscheiden
help-before = Lesen Sie, was sich ändert, was zuletzt ausgeliefert wurde und worum das Team Sie bittet. Wenn eine Seite zur Prüfung angegeben ist, öffnen Sie sie. Wenn etwas unklar ist, fragen Sie zuerst das Team: Das Release wartet bis zu dem Zeitpunkt, den die E-Mail nennt.
help-links-title = Was die Links bewirken
help-links = Das Öffnen eines Links entscheidet nichts. Er öffnet eine Seite mit einer Schaltfläche, und nur sie entscheidet. Den Kommentar, den Sie dort schreiben, können das Team und alle anderen lesen, die gefragt wurden. Wer Ihre Links hat, kann in Ihrem Namen entscheiden. Leiten Sie die E-Mail daher nicht weiter.
help-nothing-title = Wenn Sie nichts tun
help-nothing = Wenn niemand rechtzeitig entscheidet, wird nichts ausgeliefert. Das Team kann dann erneut fragen, und Sie erhalten eine neue E-Mail.
help-genuine-title = Woran Sie eine echte E-Mail erkennen
help-genuine = Ihre Links führen zu der Adresse, die Ihr Team für Genehmigungen verwendet. Fragen Sie das Team einmal danach, und vergleichen Sie. Keine unserer Seiten fragt nach einem Passwort oder bietet etwas zum Herunterladen an. Im Zweifel klicken Sie auf keine Schaltfläche, und fragen Sie das Team, ohne auf die E-Mail zu antworten.
help-not-you-title = Wenn Sie die Bestätigung einer Stimme erhalten, die nicht von Ihnen ist
help-not-you = Jemand anderes hat einen Link benutzt, der für Sie bestimmt war. Öffnen Sie den anderen Link in der E-Mail, in der Sie um eine Entscheidung gebeten wurden, und klicken Sie auf die Schaltfläche: Solange noch nichts entschieden ist, wird die Stimme dadurch ersetzt. Informieren Sie dann sofort das Team.

## E-Mails

subject = Genehmigung erforderlich: { $pipeline } / { $stage } / { $action }
subject-rollback = Genehmigung zum Zurücksetzen erforderlich: { $pipeline } / { $stage } / { $action }

decision-needed = Die Pipeline wartet { $span } auf eine Entscheidung, bis zum { $until }.
without-a-decision = Wenn bis dahin niemand entscheidet, wird nichts ausgeliefert.
without-a-decision-rollback = Wenn bis dahin niemand entscheidet, wird nichts zurückgesetzt.
decision-needed-links = Die Pipeline wartet auf eine Entscheidung. Sie kann { $span } lang per E-Mail getroffen werden, bis zum { $until }.
reminder = Zur Erinnerung: Die Pipeline wartet noch auf eine Entscheidung, bis zum { $until }.
reminder-links = Zur Erinnerung: Die Pipeline wartet noch auf eine Entscheidung. Sie kann bis zum { $until } per E-Mail getroffen werden.
pipeline-waits-longer = Wenn die Links nicht mehr funktionieren, wartet { $pipeline } noch bis zum { $until }; wer Zugriff auf AWS hat, kann dort weiterhin entscheiden.

your-approval-would-not-count = Sie haben dieses Release gestartet; Ihre Genehmigung würde daher nicht zählen. Ablehnen können Sie es.
rejection-needs-comment = Wenn Sie ablehnen, müssen Sie den Grund angeben.
more-changes = { $count ->
    [one] Dazu { $count } weitere Änderung; sie steht auf der Genehmigungsseite.
   *[other] Dazu { $count } weitere Änderungen; sie stehen auf der Genehmigungsseite.
}
sources-not-shown = { $count ->
    [one] Dieses Release hat { $count } weitere Quelle, deren Änderungen hier nicht gezeigt werden.
   *[other] Dieses Release hat { $count } weitere Quellen, deren Änderungen hier nicht gezeigt werden.
}
older-votes = { $count ->
    [one] { $count } ältere Stimme ist hier nicht aufgeführt.
   *[other] { $count } ältere Stimmen sind hier nicht aufgeführt.
}

approve = Genehmigen
reject = Ablehnen
if-a-button-fails = Wenn eine Schaltfläche nicht funktioniert, verwenden Sie ihren Link:
link-at = { $link }: öffnen auf { $host }
only-the-button-decides = Jeder Link öffnet eine Seite, die die Anfrage noch einmal zeigt. Entschieden wird erst, wenn Sie dort auf die Schaltfläche klicken.
do-not-forward = Diese Links sind für { $who } bestimmt. Wer sie hat, kann im Namen dieser Person entscheiden. Leiten Sie diese E-Mail daher nicht weiter.
for-your-information = Diese E-Mail dient nur zu Ihrer Information. Sie werden nicht um eine Entscheidung gebeten.

## E-Mail an die Person, die abgestimmt hat

receipt-title = Ihre Stimme zu { $pipeline } wurde erfasst
receipt-approved = Sie haben dafür gestimmt, { $pipeline } für { $stage } freizugeben.
receipt-rejected = Sie haben dafür gestimmt, die Freigabe von { $pipeline } für { $stage } abzulehnen.
your-vote = Ihre Stimme
vote-time = Zeitpunkt
network-address = IP-Adresse
browser = Browser
vote-was-yours = Wenn Sie das selbst waren, müssen Sie nichts weiter tun.
vote-was-not-yours = Wenn Sie das nicht waren, hat jemand anderes einen Link benutzt, der für Sie bestimmt war. Öffnen Sie in der E-Mail, in der Sie um eine Entscheidung gebeten wurden, den Link „{ $link }“ und klicken Sie auf die Schaltfläche: Solange noch nichts entschieden ist, wird die Stimme dadurch ersetzt. Informieren Sie dann das Team, das die Pipeline betreibt.
decided-vote-was-not-yours = Wenn diese Stimme nicht von Ihnen ist, hat jemand anderes einen Link benutzt, der für Sie bestimmt war. Informieren Sie sofort das Team, das die Pipeline betreibt.

## The email to those whom a change of the rules concerns: who may decide on more or fewer releases, and who decides beside them

rights-changed = Die Regeln für die Genehmigung von Releases haben sich geändert
rules-were-changed = Jemand hat die Regeln dafür geändert, wer Releases genehmigen oder ablehnen darf. Bemerkt haben wir das am { $seen }.
you-may-decide-now = Das dürfen Sie jetzt genehmigen oder ablehnen
you-no-longer-decide = Das dürfen Sie nicht mehr genehmigen oder ablehnen
others-may-decide-now = Das dürfen jetzt auch andere genehmigen oder ablehnen
others-no-longer-decide = Das dürfen andere nicht mehr genehmigen oder ablehnen
every-release = Alle Releases
all-except = { $all }, außer: { $others }
a-star-is-any-text = Ein Stern (*) steht für einen beliebigen Text.
rights-from-now-on = Das gilt für Releases, die von jetzt an zur Genehmigung anstehen. Wo Sie schon um eine Entscheidung gebeten wurden, ändert sich nichts.
if-rights-are-unexpected = Wenn Sie diese Änderung nicht erwartet haben, informieren Sie sofort das Team, das die Pipelines betreibt.

## Die E-Mail an die anderen, wenn die Anfrage jemanden nicht erreicht hat, ohne den zu wenige übrig sind

not-delivered-title = Eine E-Mail zu { $pipeline } ist nicht angekommen
not-delivered = Die E-Mail, die { $name } um eine Entscheidung über das Release von { $pipeline } für { $stage } bittet, konnte nicht zugestellt werden.
too-few-reached = Ohne alle, die diese E-Mails nicht erreichen, kann das Release die nötigen Genehmigungen nicht bekommen.
tell-the-team = Informieren Sie jetzt das Team, das die Pipeline betreibt. Es kann das Postfach in Ordnung bringen lassen und die E-Mail noch einmal senden oder in AWS entscheiden. Wenn Sie um eine Entscheidung gebeten wurden, funktionieren die Links in Ihrer früheren E-Mail bis zum { $until }.
