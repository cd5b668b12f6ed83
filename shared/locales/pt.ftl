# Português
#
# Para o Brasil e Portugal: impessoal sempre que possível, e sem palavras que se escrevem de outra forma num dos dois
# (registrado/registado). «Pedido de aprovação» (ou «pedido») é o que se pede; «aprovação», um voto a favor.

## Datas e prazos

moment = { $day } de { $month ->
    [1] janeiro
    [2] fevereiro
    [3] março
    [4] abril
    [5] maio
    [6] junho
    [7] julho
    [8] agosto
    [9] setembro
    [10] outubro
    [11] novembro
   *[12] dezembro
} de { $year }, { $time } UTC

days = { $count ->
    [one] { $count } dia
   *[other] { $count } dias
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
    [one] daqui a { $count } dia
   *[other] daqui a { $count } dias
}
in-hours = { $count ->
    [one] daqui a { $count } hora
   *[other] daqui a { $count } horas
}
in-minutes = { $count ->
    [one] daqui a { $count } minuto
   *[other] daqui a { $count } minutos
}

## Dados do pedido: rótulos antes de um valor

pipeline = Pipeline
stage = Estágio
action = Ação
account = Conta
region = Região
execution = Execução
started-by = Iniciada por
what-changes = Alterações
instructions = Instruções para a revisão
please-review = Revise, por favor
votes = Votos
decided-by = Decidido por

## O título da página que um link abre e do e-mail que pede a decisão

release-question = Publicar { $pipeline } em { $stage }?
stop-question = Interromper { $pipeline } antes de { $stage }?
# $span pode ser singular ou plural: por isso não «faltam»
release-reminder = Tempo restante: { $span }. Publicar { $pipeline } em { $stage }?

## Quantas pessoas decidem

only-you = Mais ninguém foi chamado a decidir.
people-asked = { $asked ->
    [one] { $asked } pessoa foi chamada a decidir.
   *[other] { $asked } pessoas foram chamadas a decidir.
}
one-approval = Basta uma aprovação para aprovar e uma rejeição para rejeitar.
approvals-needed = São necessárias { $needed } aprovações; basta uma rejeição para rejeitar.
approvals-so-far = Aprovações até agora: { $given } de { $needed }.
nobody-voted = Ainda não há votos.
approved = Aprovado
rejected = Rejeitado
vote = { $who }: { $decision }, { $moment }
between-sentences = {" "}
name-separator = {", "}
may-not-approve = { $name } iniciou esta execução e não pode aprová-la.

## A página que um link abre

if-you-approve = Se aprovar, o pipeline continua imediatamente.
if-you-approve-of-several = Se aprovar, o seu voto é contabilizado; o pipeline continua quando houver aprovações suficientes.
if-you-reject = Se rejeitar, o estágio falha e o pipeline é interrompido aqui.
decide-until = É possível decidir até { $until } ({ $in }).
you-approved-before = O seu voto anterior foi para aprovar. Ao clicar no botão, esse voto é substituído.
you-rejected-before = O seu voto anterior foi para rejeitar. Ao clicar no botão, esse voto é substituído.
comment-optional = Comentário (opcional; fica gravado com a decisão)
comment-required = Comentário (obrigatório; fica gravado com a decisão)
you-decide-as = A decisão ficará em nome de { $who }.
approve-button = Aprovar esta versão
reject-button = Rejeitar esta versão

problem-title = Erro: { $title }
comment-too-long = O comentário tem mais de { $most } caracteres. Encurte-o, por favor; ainda nada foi decidido.
comment-missing = Para rejeitar, é necessário um comentário: indique o motivo, por favor. Ainda nada foi decidido.
button-not-pressed = Nada foi decidido: clique no botão, por favor.

## Um voto foi contado e faltam outros

recorded-title = O seu voto foi contabilizado
recorded = O seu voto foi para aprovar. Podem chegar mais votos até { $until } ({ $in }).
recorded-change = Até lá, é possível mudar o seu voto: abra o outro link do e-mail recebido.

## Como terminou o pedido: páginas, e o e-mail que o comunica

was-approved = O pipeline { $pipeline } foi aprovado
was-rejected = O pipeline { $pipeline } foi rejeitado
was-already-approved = O pipeline { $pipeline } já tinha sido aprovado
was-already-rejected = O pipeline { $pipeline } já tinha sido rejeitado
was-not-decided = Não houve decisão a tempo sobre { $pipeline }
was-superseded = O pedido de aprovação de { $pipeline } foi substituído
was-stopped = O pipeline { $pipeline } foi interrompido

approved-by = Aprovado por { $names } em { $moment }.
rejected-by = Rejeitado por { $names } em { $moment }.
approved-in-aws-by = Aprovado na AWS por { $name } em { $moment }.
rejected-in-aws-by = Rejeitado na AWS por { $name } em { $moment }.
approved-in-aws = Aprovado na AWS em { $moment }.
rejected-in-aws = Rejeitado na AWS em { $moment }.
nobody-answered = Ninguém respondeu até { $moment }.
too-few-approved = Não houve aprovações suficientes até { $moment }.
superseded-at = Em { $moment }, uma execução mais recente tomou o lugar desta ou o pipeline foi alterado.
stopped-at = A execução foi interrompida em { $moment }.

pipeline-goes-on = O pipeline continua.
stage-failed = O estágio falhou e o pipeline foi interrompido aqui.
not-released = Esta execução não será publicada.

link-is-spent = Com este link já não é possível decidir nada.
nothing-left = Não há mais nada a fazer.
earlier-links = Os links do e-mail anterior também mostram este resultado.

## Páginas que dizem por que nada se pode fazer aqui, e o que se pode: -title, o que aconteceu, -next

bad-link-title = Este link não funciona
bad-link = Talvez tenha sido cortado ou alterado pelo caminho. Nada foi decidido.
bad-link-next = Abra de novo o link do e-mail ou copie-o inteiro para a barra de endereço. Se continuar sem funcionar, peça à pessoa responsável pelo pipeline que envie o pedido novamente.

bad-form-title = Nada foi decidido
bad-form = O formulário não chegou tal como esta página o envia.
bad-form-next = Abra de novo o link do e-mail e clique no botão da página que se abre.

try-again-title = Tente novamente daqui a pouco, por favor
try-again = A AWS não respondeu a tempo. A sua decisão talvez já esteja gravada; nada se perdeu.
try-again-next = Daqui a um minuto, abra de novo o link do e-mail. Clicar outra vez no botão não causa nenhum problema.

broken-title = Não foi possível concluir a operação
broken = Há um erro na configuração destas aprovações; a causa está no log. A sua decisão talvez já esteja gravada; nada se perdeu.
broken-next = Avise a pessoa responsável pelo pipeline. Quando o erro estiver corrigido, abra de novo o link do e-mail.

not-found-title = Esta página não existe
not-found = Os links para decidir estão nos e-mails que pedem a aprovação.
not-found-next = Abra de novo o link do e-mail ou copie-o inteiro para a barra de endereço.

not-allowed-title = Isto não pode ser feito aqui
not-allowed = Aqui só é possível abrir a página de um pedido de aprovação e enviar o seu formulário.
not-allowed-next = Abra o link do e-mail em um navegador.

# O pedido pode ter sido decidido antes: por isso «esta visita»
forgotten-title = Este pedido de aprovação já não está disponível
forgotten = O pedido já terminou, ou os seus dados foram removidos. Nada foi decidido nesta visita.
forgotten-next = Consulte o pipeline no AWS CodePipeline ou peça à pessoa responsável que envie o pedido novamente.

initiator-title = Você iniciou esta execução
initiator = Quem inicia uma execução não pode aprová-la; por isso, a sua aprovação não conta. Nada foi decidido.
initiator-next = As outras pessoas chamadas a decidir podem aprovar esta execução. Se ela não deve ser publicada, abra o link “Rejeitar” do e-mail recebido.

expired-title = O prazo para decidir terminou
expired = Não houve decisão a tempo: o estágio falhou e, com ele, este link expirou.
expired-link = Este link expirou. Já não é possível decidir nada com ele.
expired-next = Se ainda for preciso publicar, repita o estágio no AWS CodePipeline ou inicie o pipeline novamente: o pedido chegará em um novo e-mail.
expired-link-next = O pipeline talvez ainda aguarde uma decisão: quem tiver acesso à AWS pode decidir lá. Caso contrário, repita o estágio no AWS CodePipeline ou inicie o pipeline novamente: o pedido chegará em um novo e-mail.

stopped-title = O pipeline foi interrompido
stopped = Alguém interrompeu esta execução enquanto ela aguardava. Não há mais nada a decidir.
stopped-next = Se ainda for preciso publicar, inicie o pipeline novamente: o pedido chegará em um novo e-mail.

superseded-title = Este pedido de aprovação foi substituído
superseded = Uma execução mais recente tomou o lugar desta ou o pipeline foi alterado. Esta execução não será publicada.
superseded-next = Se uma execução mais recente aguardar uma decisão, ela é pedida em um e-mail posterior sobre este pipeline.

## E-mails

subject = Aprovação necessária: { $pipeline } / { $stage } / { $action }

waits = O AWS CodePipeline aguarda uma decisão durante { $span }, até { $until }.
waits-links = O AWS CodePipeline aguarda uma decisão. É possível decidir durante { $span }, até { $until }.
still-waits = Lembrete: o AWS CodePipeline ainda aguarda uma decisão, até { $until }.
still-waits-links = Lembrete: o AWS CodePipeline ainda aguarda uma decisão. É possível decidir até { $until }.
after-the-links = Quando o prazo terminar, os links deixarão de funcionar. O próprio pipeline { $pipeline } aguarda na AWS até { $until }.

your-approval-would-not-count = Você iniciou esta execução; por isso, a sua aprovação não contaria. Mas é possível rejeitar esta versão.
rejection-needs-comment = Para rejeitar, é necessário um comentário.
more-changes = { $count ->
    [one] E mais { $count } alteração, que aparece nas páginas dos links.
   *[other] E mais { $count } alterações, que aparecem nas páginas dos links.
}

approve = Aprovar
reject = Rejeitar
if-a-button-fails = Se um botão não funcionar, copie o link dele para um navegador.
nothing-before-the-button = Cada link abre uma página que mostra o pedido mais uma vez. Nada é decidido antes do clique no botão dessa página.
do-not-forward = Os links são pessoais, feitos para { $who }. Quem os tiver pode decidir em nome dessa pessoa: não encaminhe este e-mail.
for-your-information = Este e-mail é apenas para sua informação. Não lhe é pedida nenhuma decisão.
