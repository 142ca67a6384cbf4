package dev.postern.ops;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.conditions.ArchPredicates.are;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import io.vertx.sqlclient.SqlClient;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.util.Set;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The rules that hold the modules together; each says why in its {@code because}. */
class ArchitectureTest {
  private static final String TENANCY = "dev.postern.tenancy..";
  private static final String REGISTRY = "dev.postern.registry..";
  private static final String RUNNERS = "dev.postern.runners..";
  private static final String GATEWAY = "dev.postern.gateway..";
  private static final String OPS = "dev.postern.ops..";

  /** Where a clock is made into a value that everything else is given. */
  private static final Set<String> MAY_READ_THE_CLOCK = Set.of();

  private static JavaClasses code;

  @BeforeAll
  static void readClasses() {
    code =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.postern");
  }

  @Test
  void tenancyKnowsNoOtherModule() {
    noClasses()
        .that(are(resideInAPackage(TENANCY)))
        .should()
        .dependOnClassesThat(resideInAnyPackage(REGISTRY, RUNNERS, GATEWAY, OPS))
        .because("everything else is built on it")
        .check(code);
  }

  @Test
  void runnersKnowNoOtherModule() {
    noClasses()
        .that(are(resideInAPackage(RUNNERS)))
        .should()
        .dependOnClassesThat(resideInAnyPackage(TENANCY, REGISTRY, GATEWAY, OPS))
        .because("a runner can be used alone")
        .check(code);
  }

  @Test
  void theRegistryKnowsTenancyAlone() {
    noClasses()
        .that(are(resideInAPackage(REGISTRY)))
        .should()
        .dependOnClassesThat(resideInAnyPackage(RUNNERS, GATEWAY, OPS))
        .because("it says what exists, not how it is served")
        .check(code);
  }

  @Test
  void nothingKnowsTheComposition() {
    noClasses()
        .that(are(resideInAnyPackage(TENANCY, REGISTRY, RUNNERS, GATEWAY)))
        .should()
        .dependOnClassesThat(resideInAPackage(OPS))
        .because("ops puts the parts together")
        .check(code);
  }

  @Test
  void modulesHaveNoCycle() {
    slices().matching("dev.postern.(*)..").should().beFreeOfCycles().check(code);
  }

  @Test
  void theGatewayUsesTheContractsOfOtherModulesAlone() {
    noClasses()
        .that(are(resideInAPackage(GATEWAY)))
        .should()
        .dependOnClassesThat(
            describe(
                "are not a contract of their module",
                (JavaClass type) ->
                    ofModules(type, "tenancy", "registry", "runners") && !isContract(type)))
        .because("what is not in a root package, spi or runners.wire may change freely")
        .check(code);
  }

  @Test
  void internalsOfOneModuleAreUsedByNoOther() {
    for (var module : Set.of("tenancy", "registry", "runners", "gateway")) {
      noClasses()
          .that(
              are(
                  describe(
                      "outside " + module + " and ops",
                      (JavaClass type) -> !ofModules(type, module, "ops"))))
          .should()
          .dependOnClassesThat(resideInAPackage("dev.postern." + module + ".internal.."))
          .because("only the composition chooses implementations")
          .check(code);
    }
  }

  @Test
  void sqlIsInPgClassesAlone() {
    noClasses()
        .that(
            are(
                describe(
                    "named neither Pg… nor one of the few that every store goes through",
                    (JavaClass type) -> !speaksSql(type))))
        .should()
        .callMethodWhere(
            describe(
                "a statement is prepared or sent",
                (JavaCall<?> call) ->
                    call.getTargetOwner().isAssignableTo(SqlClient.class)
                        && Set.of("query", "preparedQuery", "prepare").contains(call.getName())))
        .because("SQL lives in one place an aggregate")
        .check(code);
  }

  @Test
  void nothingSleeps() {
    noClasses()
        .should()
        .callMethodWhere(
            describe(
                "a thread sleeps",
                (JavaCall<?> call) ->
                    call.getTargetOwner().isEquivalentTo(Thread.class)
                        && call.getName().equals("sleep")))
        .because("who waits waits for something, with a limit")
        .check(code);
  }

  @Test
  void nothingReadsTheClockByItself() {
    noClasses()
        .that(
            are(
                describe(
                    "not the place that makes the clock",
                    (JavaClass type) -> !MAY_READ_THE_CLOCK.contains(type.getName()))))
        .should()
        .callMethodWhere(describe("the time of day is read", ArchitectureTest::readsTheClock))
        .because("time is given as an InstantSource, so that tests can set it")
        .check(code);
  }

  @Test
  void everyPackageIsNullMarked() {
    classes().should(beInANullMarkedPackage()).check(code);
  }

  @Test
  void namesSayWhatAThingIs() {
    noClasses()
        .should()
        .haveNameMatching(".*(Manager|Helper|Util|Utils|Impl)$")
        .because("such a name fits anything")
        .check(code);
  }

  @Test
  void onlyTheProgramsTalkToTheTerminal() {
    noClasses()
        .that(
            are(
                describe(
                    "not a program",
                    (JavaClass type) ->
                        !resideInAPackage(OPS).test(type) && !isProgram(outermost(type)))))
        .should()
        .accessField(System.class, "out")
        .orShould()
        .accessField(System.class, "err")
        .because("everything else has a log")
        .check(code);
  }

  private static boolean ofModules(JavaClass type, String... modules) {
    for (var module : modules) {
      if (resideInAPackage("dev.postern." + module + "..").test(type)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isContract(JavaClass type) {
    var place = type.getPackageName();
    return place.matches("dev\\.postern\\.[a-z]+")
        || place.endsWith(".spi")
        || place.equals("dev.postern.runners.wire");
  }

  private static boolean speaksSql(JavaClass type) {
    var name = outermost(type).getSimpleName();
    return name.startsWith("Pg") || Set.of("TenantDb", "ChangeFeed", "Keyset").contains(name);
  }

  private static boolean isProgram(JavaClass type) {
    return type.tryGetMethod("main", String[].class).isPresent();
  }

  private static JavaClass outermost(JavaClass type) {
    return type.getEnclosingClass().map(ArchitectureTest::outermost).orElse(type);
  }

  private static boolean readsTheClock(JavaCall<?> call) {
    var owner = call.getTargetOwner();
    boolean now =
        call.getName().equals("now")
            && call.getTarget().getRawParameterTypes().isEmpty()
            && Set.of(
                    Instant.class,
                    LocalDate.class,
                    LocalDateTime.class,
                    OffsetDateTime.class,
                    ZonedDateTime.class)
                .stream()
                .anyMatch(owner::isEquivalentTo);
    boolean millis =
        owner.isEquivalentTo(System.class) && call.getName().equals("currentTimeMillis");
    boolean clock = owner.isEquivalentTo(Clock.class) && call.getName().startsWith("system");
    return now || millis || clock;
  }

  private static ArchCondition<JavaClass> beInANullMarkedPackage() {
    return new ArchCondition<>("be in a package that is @NullMarked") {
      @Override
      public void check(JavaClass type, ConditionEvents events) {
        boolean marked = type.getPackage().isAnnotatedWith(NullMarked.class);
        events.add(
            new SimpleConditionEvent(type, marked, type.getPackageName() + " is not @NullMarked"));
      }
    };
  }
}
