# Français
#
# « approbation » : l’accord donné. Ce qui attend une décision s’appelle « demande d’approbation », ou « demande ».

## Moments et durées

month = { $number ->
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
}
moment = { $day } { $month } { $year } à { $time } UTC
local-moment = { $day } { $month } { $year } à { $time }, heure locale à { $place }
utc-time = { $time } UTC
utc-day-and-time = { $day } { $month } à { $time } UTC
both-times = { $local } ({ $utc })
utc-and-in = { $utc }, { $in }
day = { $day } { $month } { $year }

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
account = Compte AWS
region = Région
execution = Exécution
started-by = Démarré par
what-changes = Modifications
what-is-put-back = Ce qui est rétabli
instructions = Instructions pour la vérification
please-review = À vérifier
votes = Votes
technical-details = Détails techniques
open-in-console = Ouvrir dans la console AWS : { $host }
revision = Révision
revision-of = Révision de { $source }

## Ce que d’autres ont écrit

written-by-author = Écrit par l’auteur de la modification
change-in-branch = Modification dans { $repository }, branche { $branch }, décrite par son auteur
change-in-repository = Modification dans { $repository }, décrite par son auteur
usual-branch = Ce pipeline prend d’habitude la branche { $branch }.
version-of-file = Une version du fichier { $key } dans { $bucket }
version-of-image = Une version de l’image de conteneur { $image }
usual-tag = Ce pipeline prend d’habitude l’image étiquetée { $tag }.
source = Source { $source }
see-change = Voir cette modification sur { $host }
compare-with-last = Comparer avec le dernier déploiement sur { $host }
only-in-aws = Les liens vers cette modification ne fonctionnent qu’avec un accès à AWS.
change-unread = AWS n’a pas indiqué ce qui change.
variables = Paramètres de ce déploiement, donnés par la personne qui l’a démarré ou par les responsables du pipeline
written-by-owner = Écrit par les responsables du pipeline
comment-by = Commentaire de { $who }
written-by-you = Écrit par vous
from-codepipeline = Provient d’AWS CodePipeline
more-lines = { $count ->
    [one] … et { $count } ligne de plus
   *[other] … et { $count } lignes de plus
}
more-characters = { $count ->
    [one] … et { $count } caractère de plus
   *[other] … et { $count } caractères de plus
}
link-to = Lien vers { $host }
link-hides-host = Pas de lien, car cette adresse dissimule qu’elle mène à { $host }
not-a-link = Pas de lien, car ce n’est pas une adresse web

## Titres de la page qu’ouvre un lien et de l’e-mail de demande

release-question = Déployer { $pipeline } vers { $stage } ?
reject-question = Rejeter le déploiement de { $pipeline } vers { $stage } ?
release-question-again = Nouvelle demande après un rejet : déployer { $pipeline } vers { $stage } ?
reject-question-again = Rejeter de nouveau le déploiement de { $pipeline } vers { $stage } ?
release-question-rollback = Revenir au déploiement lancé le { $day } pour { $pipeline } dans { $stage } ?
release-question-rollback-undated = Revenir à un déploiement antérieur pour { $pipeline } dans { $stage } ?
release-question-rollback-again = Nouvelle demande après un rejet : revenir en arrière pour { $pipeline } dans { $stage } ?
reject-question-rollback = Rejeter le retour en arrière de { $pipeline } dans { $stage } ?
release-question-retried = Nouvelle demande après une relance : déployer { $pipeline } vers { $stage } ?
release-question-unseen = Déployer { $pipeline } vers { $stage } sans page à examiner ?
time-left = Il reste { $span }. { $question }

## Décisions antérieures sur un déploiement redemandé

rejected-before = Ce déploiement a déjà été rejeté. Ses modifications sont les mêmes.
approved-before = Ce déploiement a déjà été approuvé.
rejected-by-link = Rejeté au moyen d’un lien le { $moment }.
approved-by-link = Approuvé au moyen d’un lien le { $moment }.
older-decisions = { $count ->
    [one] … et { $count } décision plus ancienne
   *[other] … et { $count } décisions plus anciennes
}

## Qui ou quoi a démarré un déploiement

started-by-person = { $name } a démarré ce déploiement.
started-by-stranger = Quelqu’un qui a accès à AWS a démarré ce déploiement.
started-by-push = Un push sur { $branch } a démarré ce déploiement.
started-by-a-push = Un push dans un dépôt a démarré ce déploiement.
started-by-change = Une modification d’une source a démarré ce déploiement.
started-by-rule = La règle { $rule } a démarré ce déploiement automatiquement.
started-by-a-rule = Une règle a démarré ce déploiement automatiquement.
started-by-rollback = AWS a démarré ce retour en arrière automatiquement, car un déploiement ultérieur a échoué.
started-by-unknown = AWS n’indique pas qui ou quoi a démarré ce déploiement.
retried-by-hand = Quelqu’un a ensuite relancé cette étape.
retried-automatically = AWS a ensuite relancé cette étape automatiquement.
retried = Cette étape a ensuite été relancée.

## Ce qui a été déployé auparavant

what-is-taken-back = Ce qui est annulé
last-release = Dernier déploiement vers { $stage } : lancé le { $moment }.
last-release-voted = Dernier déploiement vers { $stage } : lancé le { $moment }. Ont voté pour l’approuver : { $names }.
newer-release-here = Un déploiement plus récent que celui-ci a déjà eu lieu vers { $stage }.
nothing-changed = Il contenait les mêmes modifications que celui-ci.
same-is-put-back = Ce retour en arrière rétablit ce même déploiement.
put-back-again = Le déploiement rétabli a lui-même déjà été annulé une fois.
order-unknown = AWS n’indique pas si un autre déploiement a eu lieu ensuite.
last-release-unfinished = AWS n’indique pas qu’il a franchi toutes les étapes : un déploiement plus ancien est peut-être en service.
rolled-back-since = Un retour en arrière a été lancé depuis : un déploiement plus ancien est peut-être en service.
more-may-have-changed = D’autres modifications, qu’AWS ne nous a pas montrées, ont pu s’y ajouter depuis.
no-release-before = AWS n’indique aucun déploiement antérieur vers { $stage }.
no-release-since-edit = AWS n’indique aucun déploiement vers { $stage } depuis la dernière modification du pipeline.
last-release-unread = Nous n’avons pas pu savoir ce qui avait été déployé vers { $stage } auparavant.
unreleased-since = Le dernier déploiement ne contenait pas ces modifications. Celui-ci peut les contenir.
taken-back-too = Ces modifications sont annulées, dans la mesure où elles avaient été déployées.
more-unreleased = { $count ->
    [one] … et { $count } autre modification
   *[other] … et { $count } autres modifications
}

## Combien de personnes décident

only-you = Vous êtes la seule personne sollicitée.
people-asked = { $asked ->
    [one] { $asked } personne a été sollicitée.
   *[other] { $asked } personnes ont été sollicitées.
}
one-approval = Un seul vote suffit pour approuver, comme pour rejeter.
approvals-needed = Il faut { $needed } votes pour approuver ; un seul suffit pour rejeter.
one-approval-of = Un seul vote suffit pour approuver, mais ce doit être celui de { $name }, qui a déjà rejeté ce déploiement. Un seul vote suffit pour rejeter.
one-must-be-by = L’un des votes pour approuver doit être celui de { $name }, qui a déjà rejeté ce déploiement.
# Sans verbe : convient aussi pour 0 et 1
approvals-received = Approbations reçues : { $given } sur { $needed }.
approvals-still-needed = { $count ->
    [one] Il manque encore { $count } approbation.
   *[other] Il manque encore { $count } approbations.
}
still-awaited = Votes encore attendus : { $names }.
no-votes-yet = Personne n’a encore voté.
approved = Approuvé
rejected = Rejeté
vote = { $who } : { $decision }, { $moment }
between-sentences = {" "}
name-separator = {", "}
more-people = { $count ->
    [one] { $count } autre personne
   *[other] { $count } autres personnes
}
may-not-approve = { $name } a démarré ce déploiement et ne peut donc pas l’approuver.
initiator-unrecognised = Nous ne pouvons pas savoir si l’une des personnes sollicitées a démarré ce déploiement.

## La page qu’ouvre un lien

if-you-approve = Si vous approuvez ce déploiement, il continue immédiatement.
if-you-approve-of-several = Si vous approuvez ce déploiement, votre vote est compté ; le pipeline continue dès qu’il y a assez d’approbations.
if-you-reject = Si vous rejetez ce déploiement, il s’arrête ici et l’étape est marquée en échec.
decide-until = Date limite pour votre décision : { $until } ({ $in }).
you-approved-before = Vous avez déjà voté pour l’approbation. Si vous appuyez sur le bouton, ce vote sera remplacé.
you-rejected-before = Vous avez déjà voté pour le rejet. Si vous appuyez sur le bouton, ce vote sera remplacé.
comment-optional = Commentaire (facultatif, conservé avec la décision)
comment-required = Commentaire (obligatoire, conservé avec la décision)
add-comment = Ajouter un commentaire
you-decide-as = Vous décidez en tant que { $who }.
approve-button = Approuver ce déploiement
approve-button-rollback = Approuver ce retour en arrière
reject-button = Rejeter ce déploiement
reject-button-rollback = Rejeter ce retour en arrière

problem-title = Erreur : { $title }
comment-too-long = Le commentaire ne doit pas dépasser { $most } caractères. Rien n’a encore été décidé.
comment-missing = Un rejet nécessite un commentaire : veuillez indiquer la raison. Rien n’a encore été décidé.
button-not-pressed = Rien n’a encore été décidé. Pour décider, appuyez sur le bouton.
comment-not-saved = Votre commentaire n’a pas été enregistré. Vous pouvez le copier ici.

## Un vote est compté, il en faut d’autres

recorded-title = Votre vote est enregistré
recorded = Vous avez voté pour l’approbation. Le vote se termine au plus tard le { $until } ({ $in }).
recorded-change = Tant que le vote est ouvert, vous pouvez changer votre vote : ouvrez le lien « Rejeter » de votre e-mail.
open-again = Vous pouvez rouvrir ce lien à tout moment pour voir où en est la demande.

## L’issue : pages, et e-mail qui l’annonce

was-approved = { $pipeline } : déploiement approuvé
was-rejected = { $pipeline } : déploiement rejeté
was-already-approved = { $pipeline } : déploiement déjà approuvé
was-already-rejected = { $pipeline } : déploiement déjà rejeté
was-not-approved-in-time = { $pipeline } : déploiement non approuvé à temps
was-superseded = { $pipeline } : l’approbation n’est plus nécessaire
was-stopped = { $pipeline } : déploiement arrêté
was-not-shown = AWS n’affiche plus l’approbation de { $pipeline }

approved-by = Approuvé par { $names } le { $moment }.
rejected-by = Rejeté par { $names } le { $moment }.
approved-in-aws-by = Approuvé dans AWS par { $name } le { $moment }.
rejected-in-aws-by = Rejeté dans AWS par { $name } le { $moment }.
approved-in-aws = Approuvé dans AWS le { $moment }.
rejected-in-aws = Rejeté dans AWS le { $moment }.
nobody-voted-in-time = Personne n’a voté avant le { $moment }.
too-few-approved = Il n’y a pas eu assez d’approbations avant le { $moment }.
superseded-at = Le { $moment }, un déploiement plus récent a remplacé celui-ci, ou le pipeline a été modifié ou supprimé.
stopped-at = Arrêté le { $moment }.
end-not-shown = AWS CodePipeline n’affiche plus cette approbation : nous ne pouvons pas dire comment elle s’est terminée.

pipeline-continues = Le pipeline continue.
stage-failed = Le déploiement s’est arrêté ici et l’étape a été marquée en échec.
not-released = Ce déploiement n’aura pas lieu.
ask-the-pipelines-owner = Demandez à l’équipe qui gère le pipeline si la version a été publiée.

link-no-longer-decides = Ce lien ne permet plus d’approuver ni de rejeter.
nothing-left-to-decide = Il n’y a plus rien à décider.
earlier-links = Les liens de l’e-mail précédent indiquent aussi ce résultat.

## Pages qui disent pourquoi rien n’est possible ici, et quoi faire

bad-link-title = Ce lien ne fonctionne pas
bad-link = Il a peut-être été coupé ou modifié en chemin. Rien n’a été décidé.
bad-link-next = Ouvrez de nouveau le lien de l’e-mail, ou copiez-le en entier dans la barre d’adresse de votre navigateur. Si cela ne suffit pas, demandez aux responsables du pipeline de renvoyer la demande.

bad-form-title = Rien n’a été décidé
bad-form = Le formulaire est arrivé incomplet ou a été modifié en chemin.
bad-form-next = Ouvrez de nouveau le lien de l’e-mail et appuyez sur le bouton de la page.

try-again-title = Veuillez réessayer dans une minute
try-again = AWS, qui exécute le pipeline, n’a pas répondu à temps. Si vous avez appuyé sur le bouton, votre décision est peut-être déjà enregistrée.
try-again-next = Attendez une minute, puis ouvrez de nouveau le lien de l’e-mail. Vous pouvez appuyer encore une fois sur le bouton sans risque.
try-again-here = Attendez une minute, puis appuyez sur le bouton ci-dessous. Vous pouvez appuyer de nouveau sans risque.

misconfigured-title = Un problème est survenu
misconfigured = Ces approbations ne sont pas correctement configurées ; les détails figurent dans le journal. Si vous avez appuyé sur le bouton, votre décision est peut-être déjà enregistrée.
misconfigured-next = Prévenez les responsables du pipeline. Une fois le problème résolu, ouvrez de nouveau le lien de l’e-mail.

unserved-title = La décision par e-mail n’est plus possible
unserved = L’approbation par e-mail a été désactivée pour ce pipeline. Rien n’a été décidé à l’instant.
unserved-next = Demandez aux responsables du pipeline comment approuver ou rejeter le déploiement.

not-found-title = Cette page n’existe pas
not-found = Cette adresse n’accepte que les liens d’approbation. Le vôtre se trouve dans l’e-mail qui vous demande une décision.
not-found-next = Ouvrez de nouveau le lien de l’e-mail, ou copiez-le en entier dans la barre d’adresse de votre navigateur.

not-allowed-title = Cette opération n’est pas possible ici
not-allowed = Cette adresse n’accepte que les liens d’approbation. Vous pouvez en ouvrir un et envoyer le formulaire de sa page.
not-allowed-next = Ouvrez le lien de l’e-mail dans un navigateur web.

initiator-title = Vous avez démarré ce déploiement
initiator = La personne qui démarre un déploiement ne peut pas l’approuver : votre approbation ne compte donc pas. Rien n’a été décidé.
initiator-next = Les autres personnes sollicitées peuvent l’approuver. S’il ne doit pas avoir lieu, ouvrez le lien « Rejeter » de votre e-mail.

expired-title = Ce lien a expiré
expired = Aucune décision n’a été prise à temps : le déploiement s’est arrêté et l’étape a été marquée en échec.
expired-link = Il ne permet plus d’approuver ni de rejeter.
expired-next = Si le déploiement doit encore avoir lieu, demandez aux responsables du pipeline de réessayer l’étape dans AWS CodePipeline ou de relancer le pipeline. Vous recevrez alors un nouvel e-mail.
expired-link-next = Le pipeline attend peut-être encore : dans ce cas, une personne ayant accès à AWS peut y décider. Sinon, demandez aux responsables du pipeline de réessayer l’étape dans AWS CodePipeline ou de relancer le pipeline. Vous recevrez alors un nouvel e-mail.

stopped-title = Ce déploiement a été arrêté
stopped = Quelqu’un l’a arrêté pendant qu’il attendait une décision. Il n’y a plus rien à décider.
stopped-next = Si le déploiement doit encore avoir lieu, demandez aux responsables du pipeline de le relancer. Vous recevrez alors un nouvel e-mail.

superseded-title = Cette approbation n’est plus nécessaire
superseded = Un déploiement plus récent a remplacé celui-ci, ou le pipeline a été modifié ou supprimé. Ce déploiement n’aura pas lieu.
superseded-next = Si un déploiement plus récent attend une décision, vous trouverez un e-mail plus récent à propos de ce pipeline.

not-shown-title = Cette approbation est terminée
not-shown = AWS CodePipeline ne l’affiche plus comme en attente et n’indique pas comment elle s’est terminée. Rien n’a été décidé à l’instant.
not-shown-next = Demandez à l’équipe qui gère le pipeline si la version a été publiée.

asked-anew-title = Une nouvelle demande vous a été envoyée
asked-anew = L’approbation a été demandée de nouveau après l’envoi de ce lien : il ne fonctionne plus. Rien n’a été décidé à l’instant.
asked-anew-next = Cherchez l’e-mail le plus récent sur ce pipeline et utilisez ses liens.

cross-site-title = Cela ne venait pas de notre page
cross-site = La décision a été envoyée depuis un autre site ou un autre programme : elle n’a pas été acceptée. Rien n’a été décidé à l’instant.
cross-site-next = Ouvrez de nouveau le lien de votre e-mail et appuyez sur le bouton de la page.

## La page au sujet des e-mails, vers laquelle renvoie chaque demande

help-title = À propos de ces e-mails
help-about = Le déploiement d’un logiciel est prêt et attend que quelqu’un l’approuve. L’équipe qui gère le pipeline vous a désigné parmi les personnes qui peuvent décider. Aucun compte n’est nécessaire.
help-before-title = Avant de décider
help-before = Lisez ce qui change, ce qui a été déployé en dernier et ce que l’équipe vous demande. S’il y a une page à examiner, ouvrez-la. Si quelque chose n’est pas clair, interrogez d’abord l’équipe : le déploiement attend jusqu’à l’heure indiquée dans l’e-mail.
help-links-title = Ce que font les liens
help-links = Ouvrir un lien ne décide rien. Il ouvre une page avec un bouton, et seul ce bouton décide. L’équipe et les autres personnes interrogées peuvent lire le commentaire que vous y écrivez. Toute personne qui détient vos liens peut décider en votre nom : ne transférez pas l’e-mail.
help-nothing-title = Si vous ne faites rien
help-nothing = Si personne ne décide à temps, rien n’est déployé. L’équipe peut alors renouveler sa demande, et vous recevrez un nouvel e-mail.
help-genuine-title = Comment reconnaître un e-mail authentique
help-genuine = Ses liens mènent à l’adresse que votre équipe utilise pour les approbations ; demandez-la une fois à l’équipe, et comparez. Aucune de nos pages ne demande de mot de passe ni ne propose de téléchargement. En cas de doute, n’appuyez sur aucun bouton, et interrogez l’équipe sans répondre à l’e-mail.
help-not-you-title = Si vous recevez la confirmation d’un vote qui n’est pas le vôtre
help-not-you = Une autre personne a utilisé un lien qui vous était destiné. Ouvrez l’autre lien de l’e-mail qui vous demandait de décider, et appuyez sur son bouton : tant que rien n’est décidé, ce vote sera remplacé. Prévenez ensuite l’équipe immédiatement.

## E-mails

subject = Approbation requise : { $pipeline } / { $stage } / { $action }
subject-rollback = Approbation requise pour un retour en arrière : { $pipeline } / { $stage } / { $action }

decision-needed = Une décision est nécessaire dans un délai de { $span }, avant le { $until }.
without-a-decision = Si personne ne décide d’ici là, rien n’est déployé.
without-a-decision-rollback = Si personne ne décide d’ici là, rien n’est rétabli.
decision-needed-links = Une décision est nécessaire. Elle peut être prise par e-mail pendant { $span }, jusqu’au { $until }.
reminder = Rappel : une décision est toujours nécessaire, avant le { $until }.
reminder-links = Rappel : une décision est toujours nécessaire. Elle peut être prise par e-mail jusqu’au { $until }.
pipeline-waits-longer = Quand les liens ne fonctionneront plus, { $pipeline } attendra encore jusqu’au { $until }, et une personne ayant accès à AWS pourra toujours y décider.

your-approval-would-not-count = Vous avez démarré ce déploiement : votre approbation ne compterait pas. Vous pouvez toutefois le rejeter.
rejection-needs-comment = Si vous rejetez ce déploiement, vous devez en indiquer la raison.
more-changes = { $count ->
    [one] Et { $count } autre modification, visible sur la page d’approbation.
   *[other] Et { $count } autres modifications, visibles sur la page d’approbation.
}
sources-not-shown = { $count ->
    [one] Ce déploiement a { $count } source de plus, dont les modifications ne sont pas affichées ici.
   *[other] Ce déploiement a { $count } sources de plus, dont les modifications ne sont pas affichées ici.
}
older-votes = { $count ->
    [one] { $count } vote plus ancien n’est pas affiché ici.
   *[other] { $count } votes plus anciens ne sont pas affichés ici.
}

approve = Approuver
reject = Rejeter
if-a-button-fails = Si un bouton ne fonctionne pas, utilisez son lien :
link-at = { $link } : ouvrir sur { $host }
only-the-button-decides = Chaque lien ouvre une page qui montre de nouveau la demande. Rien n’est décidé tant que vous n’avez pas appuyé sur le bouton de cette page.
do-not-forward = Les liens sont destinés à { $who }. Toute personne qui les détient peut décider sous ce nom : ne transférez pas cet e-mail.
for-your-information = Vous recevez cet e-mail pour information. Aucune décision ne vous est demandée.

## L’e-mail à la personne qui a voté

receipt-title = Votre vote sur { $pipeline } est enregistré
receipt-approved = Vous avez voté pour le déploiement de { $pipeline } vers { $stage }.
receipt-rejected = Vous avez voté contre le déploiement de { $pipeline } vers { $stage }.
your-vote = Votre vote
vote-time = Date et heure
network-address = Adresse IP
browser = Navigateur
vote-was-yours = Si c’était bien vous, vous n’avez rien à faire.
vote-was-not-yours = Si ce n’était pas vous, une autre personne a utilisé un lien qui vous était destiné. Ouvrez le lien « { $link } » de l’e-mail qui vous demandait de décider, et appuyez sur le bouton : tant que rien n’est décidé, ce vote sera remplacé. Prévenez ensuite l’équipe qui gère le pipeline.
decided-vote-was-not-yours = Si ce vote n’est pas le vôtre, une autre personne a utilisé un lien qui vous était destiné. Prévenez immédiatement l’équipe qui gère le pipeline.

## The email to those whom a change of the rules concerns: who may decide on more or fewer releases, and who decides beside them

rights-changed = Les règles d’approbation des déploiements ont changé
rules-were-changed = Quelqu’un a modifié les règles qui disent qui peut approuver ou rejeter les déploiements. Nous l’avons constaté le { $seen }.
you-may-decide-now = Vous pouvez maintenant approuver ou rejeter
you-no-longer-decide = Vous ne pouvez plus approuver ni rejeter
others-may-decide-now = D’autres personnes peuvent maintenant approuver ou rejeter
others-no-longer-decide = D’autres personnes ne peuvent plus approuver ni rejeter
every-release = Tous les déploiements
all-except = { $all }, sauf : { $others }
a-star-is-any-text = Un astérisque (*) remplace n’importe quel texte.
rights-from-now-on = Cela vaut pour les déploiements à approuver à partir de maintenant. Là où une décision vous a déjà été demandée, rien ne change.
if-rights-are-unexpected = Si vous ne vous attendiez pas à ce changement, prévenez immédiatement l’équipe qui gère les pipelines.

## Le message aux autres quand la demande n’a pas atteint quelqu’un sans qui il reste trop peu de monde

not-delivered-title = Un e-mail concernant { $pipeline } n’est pas arrivé
not-delivered = L’e-mail qui demande à { $name } de se prononcer sur le déploiement de { $pipeline } vers { $stage } n’a pas pu être remis.
too-few-reached = Sans toutes les personnes que ces e-mails n’atteignent pas, le déploiement ne peut pas obtenir les approbations nécessaires.
tell-the-team = Prévenez dès maintenant l’équipe qui gère le pipeline. Elle peut faire réparer la boîte aux lettres et renvoyer l’e-mail, ou décider dans AWS. Si une décision vous a été demandée, les liens de votre e-mail précédent fonctionnent jusqu’au { $until }.
