package floodway.interop;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** One behaviour, named by its method; its result is one line. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Check {
    /** Seconds after which the check counts as hung. */
    int limit() default 60;

    /** What ActiveMQ Classic does instead, if it fails this: an improvement, not a difference. */
    String improvement() default "";

    /** Why Floodway may fail this for now: the piece of work that will bring it. */
    String later() default "";
}
