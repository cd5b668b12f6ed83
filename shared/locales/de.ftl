# Deutsch
#
# „Genehmigung“ ist nur die erteilte Zustimmung. Was noch offen ist, heißt „Genehmigungsanfrage“ oder kurz „Anfrage“.

## Zeitpunkte und Zeitspannen

moment = { $day }. { $month ->
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
} { $year }, { $time } UTC

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
account = Konto
region = Region
execution = Ausführung
started-by = Gestartet von
what-changes = Änderungen
instructions = Hinweise für die Prüfung
please-review = Bitte prüfen
votes = Stimmen
decided-by = Entschieden von

## Überschriften der Seite hinter einem Link und der E-Mail mit der Anfrage

release-question = { $pipeline } für { $stage } freigeben?
stop-question = { $pipeline } vor { $stage } stoppen?
release-reminder = Noch { $span }: { $pipeline } für { $stage } freigeben?

## Wie viele entscheiden

only-you = Nur Sie wurden gefragt.
people-asked = { $asked ->
    [one] { $asked } Person wurde gefragt.
   *[other] { $asked } Personen wurden gefragt.
}
one-approval = Zum Genehmigen genügt eine Stimme, zum Ablehnen ebenso.
approvals-needed = Zum Genehmigen sind { $needed } Stimmen nötig, zum Ablehnen genügt eine.
# Ohne Verb, damit auch 0 und 1 passen
approvals-so-far = Bisher { $given } von { $needed } Genehmigungen.
nobody-voted = Bisher hat niemand abgestimmt.
approved = Genehmigt
rejected = Abgelehnt
vote = { $who }: { $decision }, { $moment }
between-sentences = {" "}
name-separator = {", "}
may-not-approve = { $name } hat diese Ausführung gestartet und darf sie nicht genehmigen.

## Die Seite hinter einem Link

if-you-approve = Wenn Sie genehmigen, läuft die Pipeline sofort weiter.
if-you-approve-of-several = Wenn Sie genehmigen, wird Ihre Stimme gezählt; die Pipeline läuft weiter, sobald genügend Genehmigungen vorliegen.
if-you-reject = Wenn Sie ablehnen, schlägt die Phase fehl und die Pipeline stoppt hier.
decide-until = Die Frist für Ihre Entscheidung endet am { $until } ({ $in }).
you-approved-before = Sie haben zuvor für die Genehmigung gestimmt. Wenn Sie auf die Schaltfläche klicken, wird diese Stimme ersetzt.
you-rejected-before = Sie haben zuvor für die Ablehnung gestimmt. Wenn Sie auf die Schaltfläche klicken, wird diese Stimme ersetzt.
comment-optional = Kommentar (optional, wird mit der Entscheidung gespeichert)
comment-required = Kommentar (erforderlich, wird mit der Entscheidung gespeichert)
you-decide-as = Sie entscheiden als { $who }.
approve-button = Dieses Release genehmigen
reject-button = Dieses Release ablehnen

problem-title = Fehler: { $title }
comment-too-long = Der Kommentar ist länger als { $most } Zeichen. Bitte kürzen Sie ihn; es wurde noch nichts entschieden.
comment-missing = Zum Ablehnen ist ein Kommentar nötig: Bitte nennen Sie den Grund. Es wurde noch nichts entschieden.
button-not-pressed = Es wurde nichts entschieden: Bitte klicken Sie auf die Schaltfläche.

## Eine Stimme zählt, weitere sind nötig

recorded-title = Ihre Stimme wurde erfasst
recorded = Sie haben für die Genehmigung gestimmt. Die Abstimmung endet spätestens am { $until } ({ $in }).
recorded-change = Bis dahin können Sie Ihre Stimme ändern: Öffnen Sie dazu den anderen Link in Ihrer E-Mail.

## Wie es ausging: Seiten und die E-Mail, die es mitteilt

was-approved = { $pipeline } wurde genehmigt
was-rejected = { $pipeline } wurde abgelehnt
was-already-approved = { $pipeline } wurde bereits genehmigt
was-already-rejected = { $pipeline } wurde bereits abgelehnt
was-not-decided = Über { $pipeline } wurde nicht rechtzeitig entschieden
was-superseded = Die Genehmigungsanfrage zu { $pipeline } ist überholt
was-stopped = { $pipeline } wurde gestoppt

approved-by = Genehmigt von { $names } am { $moment }.
rejected-by = Abgelehnt von { $names } am { $moment }.
approved-in-aws-by = In AWS genehmigt von { $name } am { $moment }.
rejected-in-aws-by = In AWS abgelehnt von { $name } am { $moment }.
approved-in-aws = In AWS genehmigt am { $moment }.
rejected-in-aws = In AWS abgelehnt am { $moment }.
nobody-answered = Niemand hat geantwortet; die Frist endete am { $moment }.
too-few-approved = Es gab zu wenige Genehmigungen; die Frist endete am { $moment }.
superseded-at = Überholt seit dem { $moment }: Eine neuere Ausführung hat diese abgelöst, oder die Pipeline wurde geändert.
stopped-at = Ausführung gestoppt am { $moment }.

pipeline-goes-on = Die Pipeline läuft weiter.
stage-failed = Die Phase ist fehlgeschlagen, und die Pipeline ist hier stehen geblieben.
not-released = Diese Ausführung wird nicht freigegeben.

link-is-spent = Mit diesem Link kann nichts mehr entschieden werden.
nothing-left = Es ist nichts mehr zu tun.
earlier-links = Auch die Links der früheren E-Mail zeigen dieses Ergebnis.

## Seiten, die sagen, warum hier nichts möglich ist und was hilft

bad-link-title = Dieser Link funktioniert nicht
bad-link = Er wurde unterwegs möglicherweise abgeschnitten oder verändert. Es wurde nichts entschieden.
bad-link-next = Öffnen Sie den Link aus der E-Mail noch einmal, oder kopieren Sie ihn vollständig in die Adresszeile. Wenn das nicht hilft, bitten Sie die Verantwortlichen der Pipeline, die Anfrage erneut zu senden.

bad-form-title = Es wurde nichts entschieden
bad-form = Das Formular ist nicht so angekommen, wie diese Seite es sendet.
bad-form-next = Öffnen Sie den Link aus der E-Mail noch einmal, und klicken Sie auf der Seite auf die Schaltfläche.

try-again-title = Bitte versuchen Sie es gleich noch einmal
try-again = AWS hat nicht rechtzeitig geantwortet. Ihre Entscheidung ist möglicherweise schon erfasst; es geht nichts verloren.
try-again-next = Öffnen Sie den Link aus der E-Mail in einer Minute erneut. Es schadet nicht, noch einmal auf die Schaltfläche zu klicken.

broken-title = Der Vorgang konnte nicht abgeschlossen werden
broken = Bei der Einrichtung dieser Genehmigungen stimmt etwas nicht; der Grund steht im Protokoll. Ihre Entscheidung ist möglicherweise schon erfasst; es geht nichts verloren.
broken-next = Informieren Sie die Verantwortlichen der Pipeline. Wenn der Fehler behoben ist, öffnen Sie den Link aus der E-Mail erneut.

not-found-title = Diese Seite gibt es nicht
not-found = Links zu Genehmigungsanfragen stehen in den zugehörigen E-Mails.
not-found-next = Öffnen Sie den Link aus der E-Mail noch einmal, oder kopieren Sie ihn vollständig in die Adresszeile.

not-allowed-title = Das ist hier nicht möglich
not-allowed = Möglich ist nur, die Seite einer Genehmigungsanfrage zu öffnen und ihr Formular abzusenden.
not-allowed-next = Öffnen Sie den Link aus der E-Mail in einem Browser.

forgotten-title = Diese Genehmigungsanfrage ist nicht mehr bekannt
forgotten = Sie ist beendet, oder ihr Eintrag wurde gelöscht. Mit diesem Aufruf wurde nichts entschieden.
forgotten-next = Sehen Sie sich die Pipeline in AWS CodePipeline an, oder bitten Sie die Verantwortlichen, die Anfrage erneut zu senden.

initiator-title = Sie haben diese Ausführung gestartet
initiator = Wer eine Ausführung startet, darf sie nicht genehmigen; Ihre Genehmigung zählt daher nicht. Es wurde nichts entschieden.
initiator-next = Die anderen Personen, die gefragt wurden, können genehmigen. Wenn die Ausführung nicht freigegeben werden soll, öffnen Sie den Link „Ablehnen“ in Ihrer E-Mail.

expired-title = Die Frist für die Entscheidung ist abgelaufen
expired = Es wurde nicht rechtzeitig entschieden. Deshalb ist die Phase fehlgeschlagen, und auch dieser Link ist abgelaufen.
expired-link = Dieser Link ist abgelaufen. Mit ihm kann nichts mehr entschieden werden.
expired-next = Wenn das Release weiterhin gewünscht ist, wiederholen Sie die Phase in AWS CodePipeline, oder starten Sie die Pipeline erneut: Sie erhalten dann eine neue Anfrage per E-Mail.
expired-link-next = Vielleicht wartet die Pipeline noch: Wer Zugriff auf AWS hat, kann dort entscheiden. Andernfalls wiederholen Sie die Phase in AWS CodePipeline, oder starten Sie die Pipeline erneut: Sie erhalten dann eine neue Anfrage per E-Mail.

stopped-title = Die Pipeline wurde gestoppt
stopped = Jemand hat diese Ausführung gestoppt, während sie wartete. Es gibt nichts mehr zu entscheiden.
stopped-next = Wenn das Release weiterhin gewünscht ist, starten Sie die Pipeline erneut: Sie erhalten dann eine neue Anfrage per E-Mail.

superseded-title = Diese Genehmigungsanfrage ist überholt
superseded = Eine neuere Ausführung hat diese abgelöst, oder die Pipeline wurde geändert. Diese Ausführung wird nicht freigegeben.
superseded-next = Wenn eine neuere Ausführung auf eine Entscheidung wartet, werden Sie in einer neueren E-Mail zu dieser Pipeline danach gefragt.

## E-Mails

subject = Genehmigung erforderlich: { $pipeline } / { $stage } / { $action }

waits = AWS CodePipeline wartet { $span } auf eine Entscheidung, bis zum { $until }.
waits-links = AWS CodePipeline wartet auf eine Entscheidung. Darüber kann { $span } lang per E-Mail entschieden werden, bis zum { $until }.
still-waits = Zur Erinnerung: AWS CodePipeline wartet noch auf eine Entscheidung, bis zum { $until }.
still-waits-links = Zur Erinnerung: AWS CodePipeline wartet noch auf eine Entscheidung. Darüber kann bis zum { $until } per E-Mail entschieden werden.
after-the-links = Nach Ablauf der Frist funktionieren die Links nicht mehr. Die Pipeline { $pipeline } selbst wartet in AWS bis zum { $until }.

your-approval-would-not-count = Sie haben diese Ausführung gestartet; Ihre Genehmigung würde daher nicht zählen. Ablehnen können Sie.
rejection-needs-comment = Zum Ablehnen ist ein Kommentar nötig.
more-changes = { $count ->
    [one] Dazu { $count } weitere Änderung; die Seiten hinter den Links zeigen sie.
   *[other] Dazu { $count } weitere Änderungen; die Seiten hinter den Links zeigen sie.
}

approve = Genehmigen
reject = Ablehnen
if-a-button-fails = Wenn eine Schaltfläche nicht funktioniert, kopieren Sie ihren Link in einen Browser.
nothing-before-the-button = Jeder Link öffnet eine Seite, die die Anfrage noch einmal zeigt. Entschieden wird erst, wenn Sie dort auf die Schaltfläche klicken.
do-not-forward = Die Links sind für { $who } bestimmt. Wer sie hat, kann in diesem Namen entscheiden: Leiten Sie diese E-Mail nicht weiter.
for-your-information = Sie erhalten diese E-Mail zur Information. Sie werden nicht um eine Entscheidung gebeten.
