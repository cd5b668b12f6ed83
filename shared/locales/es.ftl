# Español
#
# Trato de usted, neutro para España y América. «Solicitud de aprobación» (o «solicitud») es lo que se pide;
# «aprobación», un voto a favor. Los pretéritos simples llevan fecha; «no se ha decidido nada» habla de ahora.

## Fechas y plazos

moment = { $day } de { $month ->
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
} de { $year }, { $time } UTC

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
account = Cuenta
region = Región
execution = Ejecución
started-by = Iniciada por
what-changes = Cambios
instructions = Instrucciones para la revisión
please-review = Revise, por favor
votes = Votos
decided-by = Decidido por

## El título de la página que abre un enlace y del correo que pide la decisión

release-question = ¿Publicar { $pipeline } en { $stage }?
stop-question = ¿Detener { $pipeline } antes de { $stage }?
# $span puede ser singular o plural: por eso no «quedan»
release-reminder = Tiempo restante: { $span }. ¿Publicar { $pipeline } en { $stage }?

## Cuántas personas deciden

only-you = La decisión se le ha pedido solo a usted.
people-asked = { $asked ->
    [one] La decisión se ha pedido a { $asked } persona.
   *[other] La decisión se ha pedido a { $asked } personas.
}
one-approval = Basta una aprobación para aprobar y un rechazo para rechazar.
approvals-needed = Se necesitan { $needed } aprobaciones; basta un rechazo para rechazar.
approvals-so-far = Aprobaciones hasta ahora: { $given } de { $needed }.
nobody-voted = Todavía no hay votos.
approved = Aprobado
rejected = Rechazado
vote = { $who }: { $decision }, { $moment }
between-sentences = {" "}
name-separator = {", "}
may-not-approve = { $name } inició esta ejecución y no puede aprobarla.

## La página que abre un enlace

if-you-approve = Si aprueba, el pipeline continúa de inmediato.
if-you-approve-of-several = Si aprueba, su voto se cuenta; el pipeline continúa cuando haya suficientes aprobaciones.
if-you-reject = Si rechaza, la etapa falla y el pipeline se detiene aquí.
decide-until = Puede decidir hasta el { $until } ({ $in }).
you-approved-before = Antes votó por aprobar. Si pulsa el botón, ese voto se reemplaza.
you-rejected-before = Antes votó por rechazar. Si pulsa el botón, ese voto se reemplaza.
comment-optional = Comentario (opcional; se guarda con la decisión)
comment-required = Comentario (obligatorio; se guarda con la decisión)
you-decide-as = La decisión quedará a nombre de { $who }.
approve-button = Aprobar esta versión
reject-button = Rechazar esta versión

problem-title = Error: { $title }
comment-too-long = El comentario tiene más de { $most } caracteres. Acórtelo, por favor; todavía no se ha decidido nada.
comment-missing = Para rechazar hace falta un comentario: indique el motivo, por favor. Todavía no se ha decidido nada.
button-not-pressed = No se ha decidido nada: pulse el botón, por favor.

## Un voto se ha contado y faltan más

recorded-title = Su voto ha quedado registrado
recorded = Ha votado por aprobar. Pueden llegar más votos hasta el { $until } ({ $in }).
recorded-change = Hasta entonces puede cambiar su voto: abra el otro enlace del correo que recibió.

## Cómo terminó la solicitud: páginas, y el correo que lo comunica

was-approved = Se aprobó { $pipeline }
was-rejected = Se rechazó { $pipeline }
was-already-approved = Ya se había aprobado { $pipeline }
was-already-rejected = Ya se había rechazado { $pipeline }
was-not-decided = No hubo decisión a tiempo sobre { $pipeline }
was-superseded = La solicitud de aprobación de { $pipeline } fue reemplazada
was-stopped = Se detuvo { $pipeline }

approved-by = Aprobado por { $names } el { $moment }.
rejected-by = Rechazado por { $names } el { $moment }.
approved-in-aws-by = Aprobado en AWS por { $name } el { $moment }.
rejected-in-aws-by = Rechazado en AWS por { $name } el { $moment }.
approved-in-aws = Aprobado en AWS el { $moment }.
rejected-in-aws = Rechazado en AWS el { $moment }.
nobody-answered = Nadie respondió antes del { $moment }.
too-few-approved = No hubo suficientes aprobaciones antes del { $moment }.
superseded-at = El { $moment }, una ejecución más reciente ocupó el lugar de esta o se modificó el pipeline.
stopped-at = La ejecución se detuvo el { $moment }.

pipeline-goes-on = El pipeline continúa.
stage-failed = La etapa falló y el pipeline se detuvo aquí.
not-released = Esta ejecución no se publicará.

link-is-spent = Con este enlace ya no se puede decidir nada.
nothing-left = No queda nada por hacer.
earlier-links = Los enlaces del correo anterior también muestran este resultado.

## Páginas que dicen por qué aquí no se puede hacer nada, y qué se puede hacer: -title, qué pasó, -next

bad-link-title = Este enlace no funciona
bad-link = Quizá se cortó o se alteró por el camino. No se ha decidido nada.
bad-link-next = Abra de nuevo el enlace del correo o cópielo completo en la barra de direcciones. Si sigue sin funcionar, pida a la persona responsable del pipeline que vuelva a enviar la solicitud.

bad-form-title = No se ha decidido nada
bad-form = El formulario no llegó tal como lo envía esta página.
bad-form-next = Abra de nuevo el enlace del correo y pulse el botón en la página que se abre.

try-again-title = Inténtelo de nuevo en un momento, por favor
try-again = AWS no respondió a tiempo. Es posible que su decisión ya esté registrada; no se ha perdido nada.
try-again-next = Dentro de un minuto, abra de nuevo el enlace del correo. Volver a pulsar el botón no causa ningún problema.

broken-title = No se pudo completar la operación
broken = Hay un error en la configuración de estas aprobaciones; la causa está en el registro del sistema. Es posible que su decisión ya esté registrada; no se ha perdido nada.
broken-next = Avise a la persona responsable del pipeline. Cuando esté corregido, abra de nuevo el enlace del correo.

not-found-title = Esta página no existe
not-found = Los enlaces para decidir están en los correos que piden la aprobación.
not-found-next = Abra de nuevo el enlace del correo o cópielo completo en la barra de direcciones.

not-allowed-title = Esto no se puede hacer aquí
not-allowed = Aquí solo se puede abrir la página de una solicitud de aprobación y enviar su formulario.
not-allowed-next = Abra el enlace del correo en un navegador.

# La solicitud pudo decidirse antes: por eso «esta visita»
forgotten-title = Esta solicitud de aprobación ya no está disponible
forgotten = Ya terminó, o se eliminaron sus datos. En esta visita no se ha decidido nada.
forgotten-next = Consulte el pipeline en AWS CodePipeline o pida a la persona responsable que vuelva a enviar la solicitud.

initiator-title = Usted inició esta ejecución
initiator = Quien inicia una ejecución no puede aprobarla, por lo que su aprobación no cuenta. No se ha decidido nada.
initiator-next = Las demás personas a las que se ha pedido la decisión pueden aprobar esta ejecución. Si no debe publicarse, abra el enlace “Rechazar” del correo que recibió.

expired-title = El plazo para decidir ha terminado
expired = No hubo decisión a tiempo: la etapa falló y, con ella, expiró este enlace.
expired-link = Este enlace ha expirado. Ya no se puede decidir nada con él.
expired-next = Si aún se quiere publicar, reintente la etapa en AWS CodePipeline o inicie de nuevo el pipeline: la solicitud le llegará en un correo nuevo.
expired-link-next = Es posible que el pipeline siga esperando: quien tenga acceso a AWS puede decidir allí. Si no, reintente la etapa en AWS CodePipeline o inicie de nuevo el pipeline: la solicitud le llegará en un correo nuevo.

stopped-title = Se detuvo el pipeline
stopped = Alguien detuvo esta ejecución mientras esperaba. Ya no queda nada por decidir.
stopped-next = Si aún se quiere publicar, inicie de nuevo el pipeline: la solicitud le llegará en un correo nuevo.

superseded-title = Esta solicitud de aprobación fue reemplazada
superseded = Una ejecución más reciente ocupó el lugar de esta o se modificó el pipeline. Esta ejecución no se publicará.
superseded-next = Si una ejecución más reciente espera una decisión, esta se pide en un correo posterior sobre este pipeline.

## Correos

subject = Aprobación necesaria: { $pipeline } / { $stage } / { $action }

waits = AWS CodePipeline espera una decisión durante { $span }, hasta el { $until }.
# También la lee quien solo recibe información: por eso impersonal
waits-links = AWS CodePipeline espera una decisión. Se puede decidir durante { $span }, hasta el { $until }.
still-waits = Recordatorio: AWS CodePipeline sigue esperando una decisión, hasta el { $until }.
still-waits-links = Recordatorio: AWS CodePipeline sigue esperando una decisión. Se puede decidir hasta el { $until }.
after-the-links = Cuando termine el plazo, los enlaces dejarán de funcionar. El propio pipeline { $pipeline } espera en AWS hasta el { $until }.

your-approval-would-not-count = Usted inició esta ejecución, por lo que su aprobación no contaría. Sí puede rechazar esta versión.
rejection-needs-comment = Para rechazar hace falta un comentario.
more-changes = { $count ->
    [one] Y { $count } cambio más, que se muestra en las páginas de los enlaces.
   *[other] Y { $count } cambios más, que se muestran en las páginas de los enlaces.
}

approve = Aprobar
reject = Rechazar
if-a-button-fails = Si un botón no funciona, copie su enlace en un navegador.
nothing-before-the-button = Cada enlace abre una página que muestra de nuevo la solicitud. No se decide nada hasta que pulse allí el botón.
do-not-forward = Los enlaces son personales, para { $who }. Quien los tenga puede decidir en nombre de esa persona: no reenvíe este correo.
for-your-information = Este correo es solo para su información. No se le pide que decida.
