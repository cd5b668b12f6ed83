# Español
#
# Trato de usted, neutro para España y América. «Solicitud de aprobación» (o «solicitud») es lo que se pide;
# «aprobación», un voto a favor. Los pretéritos simples llevan fecha; «no se ha decidido nada» habla de ahora.

## Fechas y plazos

month = { $number ->
    [1] enero
    [2] febrero
    [3] marzo
    [4] abril
    [5] mayo
    [6] junio
    [7] julio
    [8] agosto
    [9] septiembre
    [10] octubre
    [11] noviembre
   *[12] diciembre
}
moment = { $day } de { $month } de { $year }, { $time } UTC
local-moment = { $day } de { $month } de { $year }, { $time }, hora de { $place }
utc-time = { $time } UTC
utc-day-and-time = { $day } de { $month }, { $time } UTC
both-times = { $local } ({ $utc })
utc-and-in = { $utc }, { $in }
day = { $day } de { $month } de { $year }

days = { $count ->
    [one] { $count } día
   *[other] { $count } días
}
hours = { $count ->
    [one] { $count } hora
   *[other] { $count } horas
}
minutes = { $count ->
    [one] { $count } minuto
   *[other] { $count } minutos
}

in-days = { $count ->
    [one] dentro de { $count } día
   *[other] dentro de { $count } días
}
in-hours = { $count ->
    [one] dentro de { $count } hora
   *[other] dentro de { $count } horas
}
in-minutes = { $count ->
    [one] dentro de { $count } minuto
   *[other] dentro de { $count } minutos
}

## Datos de la solicitud: rótulos delante de un valor

pipeline = Pipeline
stage = Etapa
action = Acción
account = Cuenta de AWS
region = Región
execution = Ejecución
started-by = Iniciada por
what-changes = Cambios
what-is-put-back = Lo que se restablece
instructions = Instrucciones para la revisión
please-review = Revise, por favor
votes = Votos
technical-details = Detalles técnicos
open-in-console = Abrir en la consola de AWS: { $host }
revision = Revisión
revision-of = Revisión de { $source }

## Lo que han escrito otras personas

written-by-author = Escrito por quien hizo el cambio
change-in-branch = Cambio en { $repository }, rama { $branch }, descrito por quien lo hizo
change-in-repository = Cambio en { $repository }, descrito por quien lo hizo
usual-branch = Este pipeline suele tomar la rama { $branch }.
version-of-file = Una versión del archivo { $key } en { $bucket }
version-of-image = Una versión de la imagen de contenedor { $image }
usual-tag = Este pipeline suele tomar la imagen con la etiqueta { $tag }.
source = Fuente { $source }
see-change = Ver este cambio en { $host }
compare-with-last = Comparar con la última publicación en { $host }
only-in-aws = Los enlaces a este cambio solo funcionan con acceso a AWS.
change-unread = AWS no ha indicado qué cambia.
variables = Ajustes de esta publicación, indicados por quien la inició o por la persona responsable del pipeline
written-by-owner = Escrito por la persona responsable del pipeline
comment-by = Comentario de { $who }
written-by-you = Escrito por usted
from-codepipeline = Procede de AWS CodePipeline
more-lines = { $count ->
    [one] … y { $count } línea más
   *[other] … y { $count } líneas más
}
more-characters = { $count ->
    [one] … y { $count } carácter más
   *[other] … y { $count } caracteres más
}
link-to = Enlace a { $host }
link-hides-host = Sin enlace, porque la dirección oculta que lleva a { $host }
not-a-link = Sin enlace, porque no es una dirección web

## El título de la página que abre un enlace y del correo que pide la decisión

release-question = ¿Publicar { $pipeline } en { $stage }?
reject-question = ¿Rechazar la publicación de { $pipeline } en { $stage }?
release-question-again = Nueva solicitud tras un rechazo: ¿publicar { $pipeline } en { $stage }?
reject-question-again = ¿Rechazar de nuevo la publicación de { $pipeline } en { $stage }?
release-question-rollback = ¿Revertir { $pipeline } en { $stage } a la publicación iniciada el { $day }?
release-question-rollback-undated = ¿Revertir { $pipeline } en { $stage } a una publicación anterior?
release-question-rollback-again = Nueva solicitud tras un rechazo: ¿revertir { $pipeline } en { $stage }?
reject-question-rollback = ¿Rechazar la reversión de { $pipeline } en { $stage }?
release-question-retried = Nueva solicitud tras un reintento: ¿publicar { $pipeline } en { $stage }?
release-question-unseen = ¿Publicar { $pipeline } en { $stage } sin una página que revisar?
time-left = Tiempo restante: { $span }. { $question }

## Decisiones anteriores sobre una publicación que se vuelve a solicitar

rejected-before = Esta publicación ya se rechazó antes. Sus cambios son los mismos.
approved-before = Esta publicación ya se aprobó antes.
rejected-by-link = Rechazado mediante un enlace el { $moment }.
approved-by-link = Aprobado mediante un enlace el { $moment }.
older-decisions = { $count ->
    [one] … y { $count } decisión anterior
   *[other] … y { $count } decisiones anteriores
}

## Quién o qué inició una publicación

started-by-person = { $name } inició esta publicación.
started-by-stranger = Alguien con acceso a AWS inició esta publicación.
started-by-push = Un push a { $branch } inició esta publicación.
started-by-a-push = Un push a un repositorio inició esta publicación.
started-by-change = Un cambio en una de las fuentes inició esta publicación.
started-by-rule = La regla { $rule } inició esta publicación automáticamente.
started-by-a-rule = Una regla inició esta publicación automáticamente.
started-by-rollback = AWS inició esta reversión automáticamente porque falló una publicación posterior.
started-by-unknown = AWS no indica quién o qué inició esta publicación.
retried-by-hand = Después, alguien hizo repetir esta etapa.
retried-automatically = Después, AWS repitió esta etapa automáticamente.
retried = Después, esta etapa se repitió.

## Qué se publicó antes

what-is-taken-back = Lo que se retira
last-release = La última publicación en { $stage } se inició el { $moment }.
last-release-voted = La última publicación en { $stage } se inició el { $moment }. Votos para aprobarla: { $names }.
newer-release-here = En { $stage } ya hubo una publicación más reciente que esta.
nothing-changed = Tenía los mismos cambios que esta.
same-is-put-back = Esta reversión vuelve a esa misma publicación.
put-back-again = La publicación a la que se vuelve ya fue revertida una vez.
order-unknown = AWS no muestra si después hubo otra publicación.
last-release-unfinished = AWS no muestra que haya pasado por todas las etapas, por lo que puede estar en uso una publicación anterior.
rolled-back-since = Desde entonces se inició una reversión, por lo que puede estar en uso una publicación anterior.
more-may-have-changed = Desde entonces puede haber otros cambios que AWS no nos ha mostrado.
no-release-before = AWS no muestra ninguna publicación anterior en { $stage }.
no-release-since-edit = AWS no muestra ninguna publicación en { $stage } desde la última edición del pipeline.
last-release-unread = No hemos podido averiguar qué se publicó antes en { $stage }.
unreleased-since = La última publicación no tenía estos cambios. Esta puede tenerlos.
taken-back-too = Estos cambios se retiran en la medida en que se hayan publicado.
more-unreleased = { $count ->
    [one] … y { $count } cambio más
   *[other] … y { $count } cambios más
}

## Cuántas personas deciden

only-you = La decisión se le ha pedido solo a usted.
people-asked = { $asked ->
    [one] La decisión se ha pedido a { $asked } persona.
   *[other] La decisión se ha pedido a { $asked } personas.
}
one-approval = Basta una aprobación; un rechazo detiene la publicación.
approvals-needed = Se necesitan { $needed } aprobaciones; un rechazo detiene la publicación.
one-approval-of = Basta una aprobación, que debe ser la de { $name }, porque ya rechazó esta publicación. Un rechazo la detiene.
one-must-be-by = Una de ellas debe ser la de { $name }, porque ya rechazó esta publicación.
approvals-received = Aprobaciones recibidas: { $given } de { $needed }.
approvals-still-needed = { $count ->
    [one] Falta { $count } aprobación.
   *[other] Faltan { $count } aprobaciones.
}
still-awaited = Votos pendientes: { $names }.
no-votes-yet = Todavía no hay votos.
approved = Aprobado
rejected = Rechazado
vote = { $who }: { $decision }, { $moment }
between-sentences = {" "}
name-separator = {", "}
more-people = { $count ->
    [one] { $count } persona más
   *[other] { $count } personas más
}
may-not-approve = { $name } inició esta publicación y no puede aprobarla.
initiator-unrecognised = No podemos saber si inició esta publicación una de las personas a las que se ha pedido la decisión.

## La página que abre un enlace

if-you-approve = Si aprueba, la publicación continúa de inmediato.
if-you-approve-of-several = Si aprueba, su voto se cuenta; el pipeline continúa cuando haya suficientes aprobaciones.
if-you-reject = Si rechaza, la publicación se detiene aquí y la etapa queda marcada como fallida.
decide-until = Puede decidir hasta el { $until } ({ $in }).
you-approved-before = Ya votó por aprobar. Si pulsa el botón, ese voto se reemplaza.
you-rejected-before = Ya votó por rechazar. Si pulsa el botón, ese voto se reemplaza.
comment-optional = Comentario (opcional; se guarda con la decisión)
comment-required = Comentario (obligatorio; se guarda con la decisión)
add-comment = Añadir un comentario
you-decide-as = La decisión quedará a nombre de { $who }.
approve-button = Aprobar esta publicación
approve-button-rollback = Aprobar esta reversión
reject-button = Rechazar esta publicación
reject-button-rollback = Rechazar esta reversión

problem-title = Error: { $title }
comment-too-long = El comentario no debe superar los { $most } caracteres. Todavía no se ha decidido nada.
comment-missing = Escriba un comentario: indique por qué rechaza esta publicación. Todavía no se ha decidido nada.
button-not-pressed = Todavía no se ha decidido nada. Para decidir, pulse el botón.
comment-not-saved = Su comentario no se ha guardado. Puede copiarlo aquí.

## Un voto se ha contado y faltan más

recorded-title = Su voto ha quedado registrado
recorded = Ha votado por aprobar. La votación termina a más tardar el { $until } ({ $in }).
recorded-change = Mientras la votación esté abierta, puede cambiar su voto: abra el enlace “Rechazar” del correo que recibió.
open-again = Puede volver a abrir este enlace en cualquier momento para ver en qué punto está la solicitud.

## Cómo terminó la solicitud: páginas, y el correo que lo comunica

was-approved = Se aprobó { $pipeline }
was-rejected = Se rechazó { $pipeline }
was-already-approved = Ya se había aprobado { $pipeline }
was-already-rejected = Ya se había rechazado { $pipeline }
was-not-approved-in-time = No se aprobó { $pipeline } a tiempo
was-superseded = Ya no hace falta aprobar { $pipeline }
was-stopped = Se detuvo la publicación de { $pipeline }
was-not-shown = AWS ya no muestra la aprobación de { $pipeline }

approved-by = Aprobado por { $names } el { $moment }.
rejected-by = Rechazado por { $names } el { $moment }.
approved-in-aws-by = Aprobado en AWS por { $name } el { $moment }.
rejected-in-aws-by = Rechazado en AWS por { $name } el { $moment }.
approved-in-aws = Aprobado en AWS el { $moment }.
rejected-in-aws = Rechazado en AWS el { $moment }.
nobody-voted-in-time = Nadie votó antes del { $moment }.
too-few-approved = No hubo suficientes aprobaciones antes del { $moment }.
superseded-at = El { $moment }, una publicación más reciente reemplazó a esta, o se modificó o eliminó el pipeline.
stopped-at = Se detuvo el { $moment }.
end-not-shown = AWS CodePipeline ya no muestra esta aprobación, así que no podemos decir cómo terminó.

pipeline-continues = El pipeline continúa.
stage-failed = La publicación se detuvo aquí y la etapa quedó marcada como fallida.
not-released = Esta publicación no seguirá adelante.
ask-the-pipelines-owner = Pregunte al equipo que gestiona el pipeline si la versión se publicó.

link-no-longer-decides = Con este enlace ya no se puede aprobar ni rechazar.
nothing-left-to-decide = Ya no queda nada por decidir.
earlier-links = Los enlaces del correo anterior también muestran este resultado.

## Páginas que dicen por qué aquí no se puede hacer nada, y qué se puede hacer: -title, qué pasó, -next

bad-link-title = Este enlace no funciona
bad-link = Quizá se cortó o se alteró por el camino. No se ha decidido nada.
bad-link-next = Abra de nuevo el enlace del correo o cópielo completo en la barra de direcciones del navegador. Si sigue sin funcionar, pida a la persona responsable del pipeline que vuelva a enviar la solicitud.

bad-form-title = No se ha decidido nada
bad-form = El formulario llegó incompleto o se alteró por el camino.
bad-form-next = Abra de nuevo el enlace del correo y pulse el botón en la página que se abre.

try-again-title = Inténtelo de nuevo en un minuto, por favor
try-again = AWS, donde se ejecuta el pipeline, no respondió a tiempo. Si pulsó el botón, es posible que su decisión ya esté registrada.
try-again-next = Espere un minuto y abra de nuevo el enlace del correo. Volver a pulsar el botón no causa ningún problema.
try-again-here = Espere un minuto y pulse el botón de abajo. Puede volver a pulsarlo sin riesgo.

misconfigured-title = Lo sentimos, hay un problema
misconfigured = Estas aprobaciones no están bien configuradas; los detalles están en el registro del sistema. Si pulsó el botón, es posible que su decisión ya esté registrada.
misconfigured-next = Avise a la persona responsable del pipeline. Cuando el problema esté resuelto, abra de nuevo el enlace del correo.

unserved-title = Ya no se puede decidir por correo
unserved = La aprobación por correo se ha desactivado para este pipeline. No se ha decidido nada ahora.
unserved-next = Pregunte a la persona responsable del pipeline cómo se puede aprobar o rechazar la publicación.

not-found-title = Esta página no existe
not-found = Esta dirección solo admite enlaces de aprobación. El suyo está en el correo que le pide la decisión.
not-found-next = Abra de nuevo el enlace del correo o cópielo completo en la barra de direcciones del navegador.

not-allowed-title = Esto no se puede hacer aquí
not-allowed = Esta dirección solo admite enlaces de aprobación. Puede abrir uno y enviar el formulario de su página.
not-allowed-next = Abra el enlace del correo en un navegador web.

# La solicitud pudo decidirse antes: por eso «esta visita»

initiator-title = Usted inició esta publicación
initiator = Quien inicia una publicación no puede aprobarla, por lo que su aprobación no cuenta. No se ha decidido nada.
initiator-next = Las demás personas a las que se ha pedido la decisión pueden aprobarla. Si no debe seguir adelante, abra el enlace “Rechazar” del correo que recibió.

expired-title = Este enlace ha expirado
expired = No hubo decisión a tiempo: la publicación se detuvo y la etapa quedó marcada como fallida.
expired-link = Ya no se puede aprobar ni rechazar con él.
expired-next = Si la publicación debe seguir adelante, pida a la persona responsable del pipeline que reintente la etapa en AWS CodePipeline o que inicie de nuevo el pipeline. Recibirá entonces un correo nuevo.
expired-link-next = Es posible que el pipeline siga esperando: en ese caso, quien tenga acceso a AWS puede decidir allí. Si no, pida a la persona responsable del pipeline que reintente la etapa en AWS CodePipeline o que inicie de nuevo el pipeline. Recibirá entonces un correo nuevo.

stopped-title = Se detuvo esta publicación
stopped = Alguien la detuvo mientras esperaba una decisión. Ya no queda nada por decidir.
stopped-next = Si la publicación debe seguir adelante, pida a la persona responsable del pipeline que la inicie de nuevo. Recibirá entonces un correo nuevo.

superseded-title = Esta aprobación ya no hace falta
superseded = Una publicación más reciente reemplazó a esta, o se modificó o eliminó el pipeline. Esta publicación no seguirá adelante.
superseded-next = Si una publicación más reciente espera una decisión, encontrará un correo posterior sobre este pipeline.

not-shown-title = Esta aprobación ha terminado
not-shown = AWS CodePipeline ya no la muestra en espera y no muestra cómo terminó. No se ha decidido nada ahora.
not-shown-next = Pregunte al equipo que gestiona el pipeline si la versión se publicó.

asked-anew-title = Se le ha vuelto a preguntar
asked-anew = La aprobación se volvió a solicitar después de enviar este enlace, así que este enlace ya no funciona. No se ha decidido nada ahora.
asked-anew-next = Busque el correo más reciente sobre este pipeline y use sus enlaces.

cross-site-title = Esto no vino de nuestra página
cross-site = La decisión se envió desde otro sitio web u otro programa, así que no se aceptó. No se ha decidido nada ahora.
cross-site-next = Abra de nuevo el enlace de su correo y pulse el botón de la página que se abre.

## La página sobre los correos, a la que enlaza cada solicitud

help-title = Acerca de estos correos
help-about = Una publicación de un software está lista y espera a que alguien la apruebe. El equipo que gestiona el pipeline le ha nombrado como una de las personas que pueden decidir. No necesita ninguna cuenta.
help-before-title = Antes de decidir
help-before = Lea qué cambia, qué se publicó por última vez y qué le pide el equipo. Si hay una página para revisar, ábrala. Si algo no está claro, pregunte primero al equipo: la publicación espera hasta la hora que indica el correo.
help-links-title = Qué hacen los enlaces
help-links = Abrir un enlace no decide nada. Abre una página con un botón, y solo ese botón decide. El comentario que escriba allí lo pueden leer el equipo y las demás personas consultadas. Quien tenga sus enlaces puede decidir en su nombre: no reenvíe el correo.
help-nothing-title = Si no hace nada
help-nothing = Si nadie decide a tiempo, no se publica nada. El equipo puede volver a preguntar, y usted recibirá un correo nuevo.
help-genuine-title = Cómo saber si un correo es auténtico
help-genuine = Sus enlaces llevan a la dirección que su equipo usa para las aprobaciones; pídasela una vez al equipo y compárela. Ninguna página nuestra pide una contraseña ni ofrece una descarga. En caso de duda, no pulse ningún botón y pregunte al equipo sin responder al correo.
help-not-you-title = Si recibe la confirmación de un voto que no es suyo
help-not-you = Otra persona ha usado un enlace destinado a usted. Abra el otro enlace del correo en el que se le pidió decidir y pulse su botón: mientras no haya una decisión, ese voto se reemplaza. Después, avise de inmediato al equipo.

## Correos

subject = Aprobación necesaria: { $pipeline } / { $stage } / { $action }
subject-rollback = Aprobación necesaria para revertir: { $pipeline } / { $stage } / { $action }

decision-needed = Se necesita una decisión en un plazo de { $span }, antes del { $until }.
without-a-decision = Si nadie decide antes, no se publica nada.
without-a-decision-rollback = Si nadie decide antes, no se revierte nada.
# También la lee quien solo recibe información: por eso impersonal
decision-needed-links = Se necesita una decisión. Se puede tomar por correo durante { $span }, hasta el { $until }.
reminder = Recordatorio: todavía se necesita una decisión, antes del { $until }.
reminder-links = Recordatorio: todavía se necesita una decisión. Se puede tomar por correo hasta el { $until }.
pipeline-waits-longer = Cuando los enlaces dejen de funcionar, { $pipeline } seguirá esperando hasta el { $until }, y quien tenga acceso a AWS aún podrá decidir allí.

your-approval-would-not-count = Usted inició esta publicación, por lo que su aprobación no contaría. Sí puede rechazarla.
rejection-needs-comment = Si rechaza, debe indicar el motivo.
more-changes = { $count ->
    [one] Y { $count } cambio más, que se muestra en la página de aprobación.
   *[other] Y { $count } cambios más, que se muestran en la página de aprobación.
}
sources-not-shown = { $count ->
    [one] Esta publicación tiene { $count } fuente más, cuyos cambios no se muestran aquí.
   *[other] Esta publicación tiene { $count } fuentes más, cuyos cambios no se muestran aquí.
}
older-votes = { $count ->
    [one] { $count } voto anterior no se muestra aquí.
   *[other] { $count } votos anteriores no se muestran aquí.
}

approve = Aprobar
reject = Rechazar
if-a-button-fails = Si un botón no funciona, use su enlace:
link-at = { $link }: abrir en { $host }
only-the-button-decides = Cada enlace abre una página que muestra de nuevo la solicitud. No se decide nada hasta que pulse allí el botón.
do-not-forward = Los enlaces son personales, para { $who }. Quien los tenga puede decidir en nombre de esa persona: no reenvíe este correo.
for-your-information = Este correo es solo para su información. No se le pide que decida.

## El correo a quien ha votado

receipt-title = Su voto sobre { $pipeline } ha quedado registrado
receipt-approved = Ha votado por aprobar la publicación de { $pipeline } en { $stage }.
receipt-rejected = Ha votado por rechazar la publicación de { $pipeline } en { $stage }.
your-vote = Su voto
vote-time = Fecha y hora
network-address = Dirección IP
browser = Navegador
vote-was-yours = Si ha sido usted, no tiene que hacer nada.
vote-was-not-yours = Si no ha sido usted, otra persona ha usado un enlace destinado a usted. Abra el enlace “{ $link }” del correo en el que se le pidió decidir y pulse el botón: mientras no haya una decisión, ese voto se reemplaza. Después, avise al equipo que gestiona el pipeline.
decided-vote-was-not-yours = Si este voto no es suyo, otra persona ha usado un enlace destinado a usted. Avise de inmediato al equipo que gestiona el pipeline.

## The email to those whom a change of the rules concerns: who may decide on more or fewer releases, and who decides beside them

rights-changed = Han cambiado las reglas para aprobar publicaciones
rules-were-changed = Alguien ha cambiado las reglas sobre quién puede aprobar o rechazar las publicaciones. Lo detectamos el { $seen }.
you-may-decide-now = Ahora puede aprobar o rechazar
you-no-longer-decide = Ya no puede aprobar ni rechazar
others-may-decide-now = Otras personas que ahora pueden aprobar o rechazar
others-no-longer-decide = Otras personas que ya no pueden aprobar ni rechazar
every-release = Todas las publicaciones
all-except = { $all }, excepto: { $others }
a-star-is-any-text = Un asterisco (*) representa cualquier texto.
rights-from-now-on = Esto se aplica a las publicaciones que se presenten a aprobación a partir de ahora. Donde ya se le ha pedido una decisión, nada cambia.
if-rights-are-unexpected = Si no esperaba este cambio, avise de inmediato al equipo que gestiona los pipelines.

## El correo a los demás cuando la solicitud no llegó a alguien sin quien quedan muy pocos

not-delivered-title = Un correo sobre { $pipeline } no llegó
not-delivered = No se pudo entregar el correo que pide a { $name } que decida sobre la publicación de { $pipeline } en { $stage }.
too-few-reached = Sin todas las personas a las que no llegan estos correos, la publicación no puede obtener las aprobaciones que necesita.
tell-the-team = Avise ahora al equipo que gestiona el pipeline. Puede hacer que se arregle el buzón y enviar el correo de nuevo, o decidir en AWS. Si se le pidió una decisión, los enlaces de su correo anterior funcionan hasta el { $until }.
