# Français
#
# « approbation » : l’accord donné. Ce qui attend une décision s’appelle « demande d’approbation », ou « demande ».

## Moments et durées

moment = { $day } { $month ->
    [1] janvier
    [2] février
    [3] mars
    [4] avril
    [5] mai
    [6] juin
    [7] juillet
    [8] août
    [9] septembre
    [10] octobre
    [11] novembre
   *[12] décembre
} { $year } à { $time } UTC

days = { $count ->
    [one] { $count } jour
   *[other] { $count } jours
}
hours = { $count ->
    [one] { $count } heure
   *[other] { $count } heures
}
minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}

in-days = { $count ->
    [one] dans { $count } jour
   *[other] dans { $count } jours
}
in-hours = { $count ->
    [one] dans { $count } heure
   *[other] dans { $count } heures
}
in-minutes = { $count ->
    [one] dans { $count } minute
   *[other] dans { $count } minutes
}

## Libellés devant des valeurs

pipeline = Pipeline
stage = Étape
action = Action
account = Compte
region = Région
execution = Exécution
started-by = Démarrée par
what-changes = Modifications
instructions = Instructions pour la vérification
please-review = À vérifier
votes = Votes
decided-by = Décision prise par

## Titres de la page qu’ouvre un lien et de l’e-mail de demande

release-question = Déployer { $pipeline } vers { $stage } ?
stop-question = Arrêter { $pipeline } avant { $stage } ?
release-reminder = Il reste { $span } : déployer { $pipeline } vers { $stage } ?

## Combien de personnes décident

only-you = Vous êtes la seule personne sollicitée.
people-asked = { $asked ->
    [one] { $asked } personne a été sollicitée.
   *[other] { $asked } personnes ont été sollicitées.
}
one-approval = Un seul vote suffit pour approuver, comme pour rejeter.
approvals-needed = Il faut { $needed } votes pour approuver ; un seul suffit pour rejeter.
# Sans verbe : convient aussi pour 0 et 1
approvals-so-far = Approbations reçues : { $given } sur { $needed }.
nobody-voted = Personne n’a encore voté.
approved = Approuvé
rejected = Rejeté
vote = { $who } : { $decision }, { $moment }
between-sentences = {" "}
name-separator = {", "}
may-not-approve = { $name } a démarré cette exécution et ne peut pas l’approuver.

## La page qu’ouvre un lien

if-you-approve = Si vous approuvez ce déploiement, le pipeline continue immédiatement.
if-you-approve-of-several = Si vous approuvez ce déploiement, votre vote est compté ; le pipeline continue dès qu’il y a assez d’approbations.
if-you-reject = Si vous rejetez ce déploiement, l’étape échoue et le pipeline s’arrête ici.
decide-until = Date limite pour votre décision : { $until } ({ $in }).
you-approved-before = Vous avez déjà voté pour l’approbation. Si vous appuyez sur le bouton, ce vote sera remplacé.
you-rejected-before = Vous avez déjà voté pour le rejet. Si vous appuyez sur le bouton, ce vote sera remplacé.
comment-optional = Commentaire (facultatif, conservé avec la décision)
comment-required = Commentaire (obligatoire, conservé avec la décision)
you-decide-as = Vous décidez en tant que { $who }.
approve-button = Approuver ce déploiement
reject-button = Rejeter ce déploiement

problem-title = Erreur : { $title }
comment-too-long = Le commentaire dépasse { $most } caractères. Veuillez le raccourcir ; rien n’a encore été décidé.
comment-missing = Un rejet nécessite un commentaire : veuillez indiquer la raison. Rien n’a encore été décidé.
button-not-pressed = Rien n’a été décidé : veuillez appuyer sur le bouton.

## Un vote est compté, il en faut d’autres

recorded-title = Votre vote est enregistré
recorded = Vous avez voté pour l’approbation. Le vote se termine au plus tard le { $until } ({ $in }).
recorded-change = D’ici là, vous pouvez changer votre vote : ouvrez l’autre lien de votre e-mail.

## L’issue : pages, et e-mail qui l’annonce

was-approved = { $pipeline } : déploiement approuvé
was-rejected = { $pipeline } : déploiement rejeté
was-already-approved = { $pipeline } : déploiement déjà approuvé
was-already-rejected = { $pipeline } : déploiement déjà rejeté
was-not-decided = { $pipeline } : pas de décision à temps
was-superseded = { $pipeline } : demande d’approbation obsolète
was-stopped = { $pipeline } : exécution arrêtée

approved-by = Approuvé par { $names } le { $moment }.
rejected-by = Rejeté par { $names } le { $moment }.
approved-in-aws-by = Approuvé dans AWS par { $name } le { $moment }.
rejected-in-aws-by = Rejeté dans AWS par { $name } le { $moment }.
approved-in-aws = Approuvé dans AWS le { $moment }.
rejected-in-aws = Rejeté dans AWS le { $moment }.
nobody-answered = Personne n’a répondu avant le { $moment }.
too-few-approved = Il n’y a pas eu assez d’approbations avant le { $moment }.
superseded-at = Le { $moment }, une exécution plus récente a pris le relais ou le pipeline a été modifié.
stopped-at = L’exécution a été arrêtée le { $moment }.

pipeline-goes-on = Le pipeline continue.
stage-failed = L’étape a échoué et le pipeline s’est arrêté ici.
not-released = Cette exécution ne sera pas déployée.

link-is-spent = Ce lien ne permet plus de décider.
nothing-left = Il n’y a plus rien à faire.
earlier-links = Les liens de l’e-mail précédent indiquent aussi ce résultat.

## Pages qui disent pourquoi rien n’est possible ici, et quoi faire

bad-link-title = Ce lien ne fonctionne pas
bad-link = Il a peut-être été coupé ou modifié en chemin. Rien n’a été décidé.
bad-link-next = Ouvrez de nouveau le lien de l’e-mail, ou copiez-le en entier dans la barre d’adresse. Si cela ne suffit pas, demandez aux responsables du pipeline de renvoyer la demande.

bad-form-title = Rien n’a été décidé
bad-form = Le formulaire n’est pas arrivé tel que cette page l’envoie.
bad-form-next = Ouvrez de nouveau le lien de l’e-mail et appuyez sur le bouton de la page.

try-again-title = Veuillez réessayer dans un instant
try-again = AWS n’a pas répondu à temps. Votre décision est peut-être déjà enregistrée ; rien n’est perdu.
try-again-next = Ouvrez de nouveau le lien de l’e-mail dans une minute. Vous pouvez appuyer encore une fois sur le bouton sans risque.

broken-title = L’opération n’a pas pu aboutir
broken = La configuration de ces approbations présente un problème ; la cause figure dans le journal. Votre décision est peut-être déjà enregistrée ; rien n’est perdu.
broken-next = Prévenez les responsables du pipeline. Une fois le problème résolu, ouvrez de nouveau le lien de l’e-mail.

not-found-title = Cette page n’existe pas
not-found = Les liens vers les demandes d’approbation se trouvent dans les e-mails correspondants.
not-found-next = Ouvrez de nouveau le lien de l’e-mail, ou copiez-le en entier dans la barre d’adresse.

not-allowed-title = Cette opération n’est pas possible ici
not-allowed = Vous pouvez seulement ouvrir la page d’une demande d’approbation et envoyer son formulaire.
not-allowed-next = Ouvrez le lien de l’e-mail dans un navigateur.

forgotten-title = Cette demande d’approbation n’est plus connue
forgotten = Elle est terminée, ou sa trace a été supprimée. Cette visite n’a donné lieu à aucune décision.
forgotten-next = Consultez le pipeline dans AWS CodePipeline, ou demandez à ses responsables de renvoyer la demande.

initiator-title = Vous avez démarré cette exécution
initiator = La personne qui démarre une exécution ne peut pas l’approuver : votre approbation ne compte donc pas. Rien n’a été décidé.
initiator-next = Les autres personnes sollicitées peuvent l’approuver. Si l’exécution ne doit pas être déployée, ouvrez le lien « Rejeter » de votre e-mail.

expired-title = Le délai de décision est écoulé
expired = Aucune décision n’a été prise à temps : l’étape a échoué et ce lien a expiré.
expired-link = Ce lien a expiré. Il ne permet plus de décider.
expired-next = Si le déploiement est toujours souhaité, réessayez l’étape dans AWS CodePipeline ou démarrez de nouveau le pipeline : vous recevrez une nouvelle demande par e-mail.
expired-link-next = Le pipeline attend peut-être encore : une personne ayant accès à AWS peut y décider. Sinon, réessayez l’étape dans AWS CodePipeline ou démarrez de nouveau le pipeline : vous recevrez une nouvelle demande par e-mail.

stopped-title = Le pipeline a été arrêté
stopped = Quelqu’un a arrêté cette exécution pendant qu’elle attendait. Il n’y a plus rien à décider.
stopped-next = Si le déploiement est toujours souhaité, démarrez de nouveau le pipeline : vous recevrez une nouvelle demande par e-mail.

superseded-title = Cette demande d’approbation est obsolète
superseded = Une exécution plus récente a pris le relais, ou le pipeline a été modifié. Cette exécution-ci ne sera pas déployée.
superseded-next = Si une exécution plus récente attend une décision, un e-mail plus récent sur ce pipeline vous la demande.

## E-mails

subject = Approbation requise : { $pipeline } / { $stage } / { $action }

waits = AWS CodePipeline attend une décision pendant { $span }, jusqu’au { $until }.
waits-links = AWS CodePipeline attend une décision. La décision peut être prise par e-mail pendant { $span }, jusqu’au { $until }.
still-waits = Rappel : AWS CodePipeline attend toujours une décision, jusqu’au { $until }.
still-waits-links = Rappel : AWS CodePipeline attend toujours une décision. La décision peut être prise par e-mail jusqu’au { $until }.
after-the-links = Passé ce délai, les liens ne fonctionneront plus. Le pipeline { $pipeline }, lui, attend dans AWS jusqu’au { $until }.

your-approval-would-not-count = Vous avez démarré cette exécution : votre approbation ne compterait pas. Vous pouvez rejeter ce déploiement.
rejection-needs-comment = Un rejet nécessite un commentaire.
more-changes = { $count ->
    [one] Et { $count } autre modification, visible sur les pages qu’ouvrent les liens.
   *[other] Et { $count } autres modifications, visibles sur les pages qu’ouvrent les liens.
}

approve = Approuver
reject = Rejeter
if-a-button-fails = Si un bouton ne fonctionne pas, copiez son lien dans un navigateur.
nothing-before-the-button = Chaque lien ouvre une page qui montre de nouveau la demande. Rien n’est décidé tant que vous n’avez pas appuyé sur le bouton de cette page.
do-not-forward = Les liens sont destinés à { $who }. Toute personne qui les détient peut décider sous ce nom : ne transférez pas cet e-mail.
for-your-information = Vous recevez cet e-mail pour information. Aucune décision ne vous est demandée.
